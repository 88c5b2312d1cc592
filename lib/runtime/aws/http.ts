import type { RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { type AwsCall, AwsError, type AwsService } from './call.ts';
import { PROTOCOLS } from './protocol.ts';
import { type Credentials, signedHeaders } from './sign.ts';
import { isThrottle } from './throttles.ts';
import type { WireAnswer, WireRequest } from './wire.ts';

/**
 * Calls AWS over HTTP, signed with the credentials that Lambda puts into the environment. The runtime does this itself because
 * the SDK's clients are nine tenths of a consumer's load time (`npm run bench`): connections are kept, calls are tried again.
 */

/** Tries of one call, the first included, as in the SDK. https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html */
const MAX_TRIES = 4;
const RETRY_BASE_MS = 50;
const RETRY_CAP_MS = 2_000;
/** Without an answer after this time the call counts as failed: no API used here takes longer. */
const ANSWER_TIMEOUT_MS = 8_000;
const MAX_SOCKETS = 50;

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
  return async (service, operation, input) => {
    const protocol = PROTOCOLS[service];
    const wire = protocol.encode(operation, input);
    for (let attempt = 1; ; attempt++) {
      const failure = await send(service, wire, env).then(
        (answer) =>
          answer.status < 300 ? { answer: protocol.decode(answer) } : { error: protocol.decodeError(answer) },
        (error: Error) => ({ error }),
      );
      if ('answer' in failure) return failure.answer;
      if (attempt === MAX_TRIES || !isTransient(failure.error)) throw failure.error;
      await sleep(random() * Math.min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** attempt));
    }
  };
}

/** No answer, an answer of a broken service, or a throttle: worth another try. */
const isTransient = (error: Error): boolean =>
  !(error instanceof AwsError) || error.status >= 500 || isThrottle(error.name);

/** Where a request goes: a bucket is part of the host name on AWS and of the path at any other endpoint. */
function urlOf(service: AwsService, { bucket, path = '/' }: WireRequest, env: HttpCallOptions['env']): URL {
  const local = env(`AWS_ENDPOINT_URL_${service.toUpperCase()}`) ?? env('AWS_ENDPOINT_URL');
  if (local !== undefined) return new URL(bucket === undefined ? path : `/${bucket}${path}`, local);
  const region = regionOf(env);
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const host = `${service}.${region}.${suffix}`;
  return new URL(path, `https://${bucket === undefined ? host : `${bucket}.${host}`}`);
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

function send(service: AwsService, wire: WireRequest, env: HttpCallOptions['env']): Promise<WireAnswer> {
  const url = urlOf(service, wire, env);
  const protocol = url.protocol === 'http:' ? 'http:' : 'https:';
  const { method = 'POST', headers, body } = wire;
  const options: RequestOptions = {
    agent: agents[protocol],
    hostname: url.hostname,
    port: url.port === '' ? null : url.port,
    method,
    path: `${url.pathname}${url.search}`,
    headers: signedHeaders(
      { method, url, headers, body },
      { service, region: regionOf(env), credentials: credentialsOf(env) },
    ),
    timeout: ANSWER_TIMEOUT_MS,
  };
  return new Promise((resolve, reject) => {
    const request = (protocol === 'http:' ? requestHttp : requestHttps)(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    request.on('timeout', () => request.destroy(new Error(`${service} did not answer within ${ANSWER_TIMEOUT_MS} ms`)));
    request.on('error', reject);
    request.end(body);
  });
}
