import type { RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { OutOfTime } from './calls/call.ts';
import type { WireAnswer } from './protocols/wire.ts';

/** No API used here takes longer until its answer begins; then a large object may take a while, but not for ever. */
const ANSWER_BEGINS_MS = 8_000;
const ANSWER_ENDS_MS = 30_000;
const MAX_SOCKETS = 50;
/** What a connection says that the other side has closed ("socket hang up" is an ECONNRESET). */
const CLOSED = new Set(['ECONNRESET', 'EPIPE']);

/**
 * Not imported: an ES import of node:http reads all its exports, and one of them, WebSocket, loads undici. That was half of a
 * consumer's load time (`npm run bench -- consumer`).
 */
const { Agent: HttpAgent, request: requestHttp } = process.getBuiltinModule('node:http');

const agents = {
  'http:': new HttpAgent({ keepAlive: true, maxSockets: MAX_SOCKETS }),
  'https:': new HttpsAgent({ keepAlive: true, maxSockets: MAX_SOCKETS }),
} as const;

/** One request, ready to go. */
export interface Exchange {
  /** As errors call it: `dynamodb`. */
  readonly service: string;
  readonly protocol: keyof typeof agents;
  readonly options: RequestOptions;
  readonly body: string | Buffer;
  /** Epoch milliseconds when the answer must be there, whatever is usual; undefined: nobody has to answer. */
  readonly until: number | undefined;
}

export const agentOf = (protocol: keyof typeof agents): RequestOptions['agent'] => agents[protocol];

/**
 * Sends a request and reads its answer.
 *
 * While Lambda keeps an instance frozen, the other side closes its idle connections, and the instance hears of it only when it uses
 * one: with as many of them as a call has tries, all tries would end on dead ones. So a kept connection that ends without an answer
 * is no try: the other idle ones are dropped, and the request goes out once more on a new one. As with every other try it may have
 * been carried out already: all calls of the runtime are made so that a repetition does no harm (conditions, idempotency tokens,
 * deduplication ids).
 * @throws OutOfTime when `until` has come; any other error when there was no answer in the usual time, or none at all
 */
export function exchange(sent: Exchange): Promise<WireAnswer> {
  const { service, protocol, options, body, until } = sent;
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
    const giveUp = (what: string, usual: number): void => {
      const text = `${service} did not ${what} within`;
      const isLate = until !== undefined && Date.now() >= until;
      fail(
        isLate
          ? new OutOfTime(`${text} the time that its invocation had left for it`)
          : new Error(`${text} ${usual} ms`),
      );
      request.destroy();
    };
    // One timer a request, and a second only for an answer that is long: they are a part of what a call costs.
    const begins = until === undefined ? ANSWER_BEGINS_MS : Math.min(ANSWER_BEGINS_MS, until - Date.now());
    let timer = setTimeout(() => {
      if (began === undefined) return giveUp('answer', ANSWER_BEGINS_MS);
      const end = Math.min(began + ANSWER_ENDS_MS, until ?? Number.POSITIVE_INFINITY);
      timer = setTimeout(giveUp, end - Date.now(), 'finish its answer', ANSWER_ENDS_MS);
    }, begins);
    request.on('error', (error: NodeJS.ErrnoException) => {
      const dead = request.reusedSocket && began === undefined && !ended && CLOSED.has(error.code ?? '');
      if (!dead) return fail(error);
      clearTimeout(timer);
      dropIdle(protocol);
      resolve(exchange(sent));
    });
    request.end(body);
  });
}

function dropIdle(protocol: keyof typeof agents): void {
  for (const sockets of Object.values(agents[protocol].freeSockets)) {
    for (const socket of sockets ?? []) socket.destroy();
  }
}
