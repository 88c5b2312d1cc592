import type { RequestOptions } from 'node:http';
import { type AwsCall, AwsError, type AwsService, type CallTime, OutOfTime } from './calls/call.ts';
import { type CredentialsSource, environmentCredentials } from './credentials.ts';
import { agentOf, exchange } from './exchange.ts';
import { type PlaceOf, placesOf } from './places.ts';
import { PROTOCOLS } from './protocols/protocol.ts';
import type { Protocol, WireAnswer, WireRequest } from './protocols/wire.ts';
import { type Credentials, signedHeaders } from './sign.ts';
import { type TryAgain, tryAgain } from './throttles.ts';

/**
 * Calls AWS over HTTP, signed with the credentials that Lambda puts into the environment, or others (`credentials.ts`). The runtime does this itself
 * because the SDK's clients are nine tenths of a consumer's load time (`npm run bench`): connections are kept, calls are tried again.
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
/** With less time than this no try begins: its answer could hardly come in time, and it may be carried out all the same. */
const SHORTEST_TRY_MS = 25;

export interface HttpCallOptions {
  readonly env: (name: string) => string | undefined;
  readonly random: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** @default those of the environment */
  readonly credentials?: CredentialsSource;
}

export function httpCall(options: HttpCallOptions): AwsCall {
  const { env, random, sleep, credentials = environmentCredentials(env) } = options;
  const budgets = new Map<AwsService, number>();
  const placeOf = placesOf(env);
  return async (service, operation, input, time) => {
    const protocol = PROTOCOLS[service];
    const wire = protocol.encode(operation, input);
    const tries = service === 'dynamodb' ? TRIES.dynamodb : TRIES.others;
    let spent: number | undefined;
    let last: Error | undefined;
    for (let retries = 0; ; retries++) {
      checkTime(time, service, operation, 0, last);
      const given = credentials();
      const signer = given instanceof Promise ? await given : given;
      const until = time === undefined ? undefined : Date.now() + time.millisLeft();
      const result = await send(service, wire, placeOf, env, signer, until).then(
        (answer) => read(protocol, operation, answer),
        (error: Error): Failure => ({ error }),
      );
      const budget = budgets.get(service) ?? BUDGET;
      if ('output' in result) {
        if (budget < BUDGET) budgets.set(service, Math.min(BUDGET, budget + (spent ?? COST.filledUp)));
        return result.output;
      }
      last = result.error;
      const reason = tryAgain(last);
      if (reason === undefined || retries + 1 === tries || budget < COST[reason]) throw last;
      spent = COST[reason];
      budgets.set(service, budget - spent);
      const wait = waitBefore(service, reason, retries, random, result.hintMs);
      checkTime(time, service, operation, wait, last);
      await sleep(wait);
    }
  };
}

/**
 * No try begins that cannot end in time.
 * @param wait before the try
 * @throws what the last try came to, when AWS has answered; else OutOfTime
 */
function checkTime(time: CallTime | undefined, service: string, operation: string, wait: number, cause?: Error): void {
  if (time === undefined) return;
  const left = time.millisLeft();
  if (left - wait >= SHORTEST_TRY_MS) return;
  if (cause instanceof AwsError || cause instanceof OutOfTime) throw cause;
  const before = cause === undefined ? '' : `; the last try: ${cause.message}`;
  throw new OutOfTime(
    `no try of ${operation} of ${service} begins with ${Math.round(left)} ms left of its invocation's time${before}`,
    { cause },
  );
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

function send(
  service: AwsService,
  wire: WireRequest,
  placeOf: PlaceOf,
  env: HttpCallOptions['env'],
  credentials: Credentials,
  until: number | undefined,
): Promise<WireAnswer> {
  const region = regionOf(env);
  const url = placeOf(service, region, wire);
  const protocol = url.protocol === 'http:' ? 'http:' : 'https:';
  const { method = 'POST', headers, body } = wire;
  const options: RequestOptions = {
    agent: agentOf(protocol),
    hostname: url.hostname,
    port: url.port === '' ? null : url.port,
    method,
    path: `${url.pathname}${url.search}`,
    headers: signedHeaders({ method, url, headers, body }, { service, region, credentials }),
  };
  return exchange({ service, protocol, options, body, until });
}
