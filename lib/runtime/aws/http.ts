import type { RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { type AwsCall, AwsError, type AwsService } from './call.ts';
import { type PlaceOf, placesOf } from './places.ts';
import { PROTOCOLS } from './protocol.ts';
import { type Credentials, signedHeaders } from './sign.ts';
import { type TryAgain, tryAgain } from './throttles.ts';
import type { Protocol, WireAnswer, WireRequest } from './wire.ts';

/**
 * Calls AWS over HTTP, signed with the credentials that Lambda puts into the environment. The runtime does this itself because
 * the SDK's clients are nine tenths of a consumer's load time (`npm run bench`): connections are kept, calls are tried again.
 */

/**
 * Tries of a call, the first included, waits between them and the budget for them: those of the SDK's standard mode of 2026 (@smithy/core
 * 3.41.0, `retry/util-retry`; client-dynamodb 3.1162.0, `DynamoDBClient.js`).
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
 */
const TRIES = { dynamodb: 4, others: 3 } as const;
/** The n-th wait is a random part of so much times 2 to the n, from 0. */
const WAIT_MS = { throttle: 1_000, transient: 50, transientOfDynamodb: 25 } as const;
const MAX_WAIT_MS = 20_000;
/** A service that says when to come again (`x-amz-retry-after`) is heard, up to so much beyond the own wait. */
const MAX_MORE_WAIT_MS = 5_000;
/** Per service: what is left of it is spent on tries and filled up by success, so that a service in trouble is not beset. */
const BUDGET = 500;
const COST = { throttle: 5, transient: 14, filledUp: 1 } as const;
/** No API used here takes longer until its answer begins; then a large object may take a while, but not for ever. */
const ANSWER_BEGINS_MS = 8_000;
const ANSWER_ENDS_MS = 30_000;
const MAX_SOCKETS = 50;
/** What a connection says that the other side has closed ("socket hang up" is an ECONNRESET). */
const CLOSED = new Set(['ECONNRESET', 'EPIPE']);

export interface HttpCallOptions {
  readonly env: (name: string) => string | undefined;
  readonly random: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/**
 * Not imported: an ES import of node:http reads all its exports, and one of them, WebSocket, loads undici. That was half of a
 * consumer's load time (`npm run bench -- consumer`).
 */
const { Agent: HttpAgent, request: requestHttp } = process.getBuiltinModule('node:http');

const agents = {
  'http:': new HttpAgent({ keepAlive: true, maxSockets: MAX_SOCKETS }),
  'https:': new HttpsAgent({ keepAlive: true, maxSockets: MAX_SOCKETS }),
} as const;

export function httpCall({ env, random, sleep }: HttpCallOptions): AwsCall {
  const budgets = new Map<AwsService, number>();
  const placeOf = placesOf(env);
  return async (service, operation, input) => {
    const protocol = PROTOCOLS[service];
    const wire = protocol.encode(operation, input);
    const tries = service === 'dynamodb' ? TRIES.dynamodb : TRIES.others;
    let spent: number | undefined;
    for (let retries = 0; ; retries++) {
      const result = await send(service, wire, placeOf, env).then(
        (answer) => read(protocol, operation, answer),
        (error: Error): Failure => ({ error }),
      );
      const budget = budgets.get(service) ?? BUDGET;
      if ('output' in result) {
        if (budget < BUDGET) budgets.set(service, Math.min(BUDGET, budget + (spent ?? COST.filledUp)));
        return result.output;
      }
      const reason = tryAgain(result.error);
      if (reason === undefined || retries + 1 === tries || budget < COST[reason]) throw result.error;
      spent = COST[reason];
      budgets.set(service, budget - spent);
      await sleep(waitBefore(service, reason, retries, random, result.hintMs));
    }
  };
}

interface Failure {
  readonly error: Error;
  /** When the service wants to be asked again. */
  readonly hintMs?: number;
}

function read(protocol: Protocol, operation: string, answer: WireAnswer): { readonly output: unknown } | Failure {
  try {
    if (answer.status >= 200 && answer.status < 300) return { output: protocol.decode(answer, operation) };
    const hintMs = Number(answer.headers['x-amz-retry-after']);
    return { error: protocol.decodeError(answer), ...(Number.isFinite(hintMs) ? { hintMs } : {}) };
  } catch (error) {
    if (error instanceof AwsError) return { error };
    // Whether it was done is not known: as if there had been no answer.
    return {
      error: new Error(`the answer to ${operation} cannot be read: ${(error as Error).message}`, { cause: error }),
    };
  }
}

function waitBefore(service: AwsService, reason: TryAgain, retries: number, random: () => number, hintMs = 0): number {
  const base = reason === 'transient' && service === 'dynamodb' ? WAIT_MS.transientOfDynamodb : WAIT_MS[reason];
  const own = Math.floor(random() * Math.min(MAX_WAIT_MS, base * 2 ** retries));
  return Math.max(own, Math.min(hintMs, own + MAX_MORE_WAIT_MS));
}

function regionOf(env: HttpCallOptions['env']): string {
  const region = env('AWS_REGION') ?? env('AWS_DEFAULT_REGION');
  if (region === undefined)
    throw new Error(
      'environment variable AWS_REGION is not set: it says which region to call. Lambda sets it; elsewhere set it yourself.',
    );
  return region;
}

function credentialsOf(env: HttpCallOptions['env']): Credentials {
  const accessKeyId = env('AWS_ACCESS_KEY_ID');
  const secretAccessKey = env('AWS_SECRET_ACCESS_KEY');
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new Error(
      'environment variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set: they sign the calls. Lambda sets them; elsewhere run `eval "$(aws configure export-credentials --format env)"` first.',
    );
  }
  const sessionToken = env('AWS_SESSION_TOKEN');
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}

function send(
  service: AwsService,
  wire: WireRequest,
  placeOf: PlaceOf,
  env: HttpCallOptions['env'],
): Promise<WireAnswer> {
  const region = regionOf(env);
  const url = placeOf(service, region, wire);
  const protocol = url.protocol === 'http:' ? 'http:' : 'https:';
  const { method = 'POST', headers, body } = wire;
  const options: RequestOptions = {
    agent: agents[protocol],
    hostname: url.hostname,
    port: url.port === '' ? null : url.port,
    method,
    path: `${url.pathname}${url.search}`,
    headers: signedHeaders({ method, url, headers, body }, { service, region, credentials: credentialsOf(env) }),
  };
  return exchange(service, protocol, options, body);
}

/**
 * Sends a request and reads its answer.
 *
 * While Lambda keeps an instance frozen, the other side closes its idle connections, and the instance hears of it only when it uses
 * one: with as many of them as a call has tries, all tries would end on dead ones. So a kept connection that ends without an answer
 * is no try: the other idle ones are dropped, and the request goes out once more on a new one. As with every other try it may have
 * been carried out already: all calls of the runtime are made so that a repetition does no harm (conditions, idempotency tokens,
 * deduplication ids).
 */
function exchange(
  service: AwsService,
  protocol: keyof typeof agents,
  options: RequestOptions,
  body: string | Buffer,
): Promise<WireAnswer> {
  return new Promise<WireAnswer>((resolve, reject) => {
    let began: number | undefined;
    let ended = false;
    const fail = (error: Error): void => {
      ended = true;
      clearTimeout(timer);
      reject(error);
    };
    const request = (protocol === 'http:' ? requestHttp : requestHttps)(options, (response) => {
      began = Date.now();
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      // Also of an answer that is cut off: it has no 'end'.
      response.on('error', fail);
      response.on('end', () => {
        clearTimeout(timer);
        const [first, ...more] = chunks;
        const whole = first !== undefined && more.length === 0 ? first : Buffer.concat(chunks);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: whole });
      });
    });
    const giveUp = (what: string, millis: number): void => {
      fail(new Error(`${service} did not ${what} within ${millis} ms`));
      request.destroy();
    };
    // One timer a request, and a second only for an answer that is long: they are a part of what a call costs.
    let timer = setTimeout(() => {
      if (began === undefined) return giveUp('answer', ANSWER_BEGINS_MS);
      timer = setTimeout(giveUp, began + ANSWER_ENDS_MS - Date.now(), 'finish its answer', ANSWER_ENDS_MS);
    }, ANSWER_BEGINS_MS);
    request.on('error', (error: NodeJS.ErrnoException) => {
      const dead = request.reusedSocket && began === undefined && !ended && CLOSED.has(error.code ?? '');
      if (!dead) return fail(error);
      clearTimeout(timer);
      dropIdle(protocol);
      resolve(exchange(service, protocol, options, body));
    });
    request.end(body);
  });
}

function dropIdle(protocol: keyof typeof agents): void {
  for (const sockets of Object.values(agents[protocol].freeSockets)) {
    for (const socket of sockets ?? []) socket.destroy();
  }
}
