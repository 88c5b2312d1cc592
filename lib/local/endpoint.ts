import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  constants,
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import { createServer, type Socket } from 'node:net';
import type { WireRequest } from './endpoint-request.ts';
import type { ServiceResponse } from './service.ts';

/** What becomes of a request: an answer, a broken connection, or silence until the caller is dead. */
export type Outcome = ServiceResponse | 'drop' | 'withhold';

export interface Endpoint {
  readonly port: number;
  close(): Promise<void>;
}

export interface EndpointOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly answer: (request: WireRequest) => Promise<Outcome>;
  /** An HTTP/1.1 connection is closed when nothing came on it for so long. Default: KEEP_ALIVE_MS. */
  readonly idleMs?: number | undefined;
}

/** S3 parts and Kinesis records are at most 10 MiB on the wire; base64 and batches make it more. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;
/** A withheld response: by then the caller has been killed; if not, the connection breaks. */
const WITHHOLD_MS = 5_000;
/** Longer than the SDK keeps idle sockets, so that it never writes to one that has just been closed. */
const KEEP_ALIVE_MS = 120_000;
/** First bytes of an HTTP/2 connection with prior knowledge (RFC 9113, 3.4). */
const HTTP2_PREFACE = Buffer.from('PRI * HTTP/2.0');
const LOOPBACK = '127.0.0.1';

type AnyRequest = IncomingMessage | Http2ServerRequest;
type AnyResponse = ServerResponse | Http2ServerResponse;

/**
 * One port on 127.0.0.1 that speaks HTTP/1.1 and HTTP/2 with prior knowledge (the Kinesis SDK uses HTTP/2 even against
 * http:// endpoints): the first bytes of a connection decide which of two servers gets it.
 * @throws Error that names the port when it is taken.
 */
export async function startEndpoint({ port, answer, idleMs = KEEP_ALIVE_MS }: EndpointOptions): Promise<Endpoint> {
  const sockets = new Set<Socket>();
  const withheld = new Set<NodeJS.Timeout>();
  const onRequest = (request: AnyRequest, response: AnyResponse) => {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    readBody(request, response, (body) => {
      const wire: WireRequest = {
        method: request.method ?? 'GET',
        url: request.url ?? '/',
        headers: request.headers,
        body,
        gone: gone.signal,
      };
      answer(wire).then(
        (outcome) => finish(response, outcome, withheld, gone.signal.aborted),
        (error: unknown) => finish(response, crashed(wire, error), withheld, gone.signal.aborted),
      );
    });
  };
  const http1 = createHttpServer({ keepAliveTimeout: idleMs, requestTimeout: 0, headersTimeout: 0 }, onRequest);
  const http2 = createHttp2Server({}, onRequest);
  http2.on('sessionError', (error: NodeJS.ErrnoException) => {
    // A killed worker takes its connections with it; that is no failure of the engine.
    if (error.code !== 'ECONNRESET') console.error(`engine: HTTP/2 session failed: ${error.message}`);
  });

  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // A peer that resets its connection is no event for the engine: whoever waits for it sees the close.
    socket.on('error', () => socket.destroy());
    handOver(socket, (isHttp2) => (isHttp2 ? http2 : http1).emit('connection', socket));
  });
  await listen(server, port);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('engine: the endpoint has no TCP address');
  return {
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        for (const timer of withheld) clearTimeout(timer);
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, port)));
    server.listen(port, LOOPBACK, resolve);
  });
}

function explain(error: NodeJS.ErrnoException, port: number): Error {
  const fix = 'choose another one with --port, or --port 0 for any free port';
  if (error.code === 'EADDRINUSE') {
    return new Error(`port ${port} on ${LOOPBACK} is in use by another process: stop that process, or ${fix}`, {
      cause: error,
    });
  }
  return new Error(`cannot listen on port ${port} of ${LOOPBACK} (${error.message}): ${fix}`, { cause: error });
}

/** Looks at the first bytes of a connection, puts them back, and says which protocol they are. */
function handOver(socket: Socket, decide: (isHttp2: boolean) => void): void {
  let seen: Buffer = Buffer.alloc(0);
  const onReadable = () => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const length = Math.min(seen.length, HTTP2_PREFACE.length);
    const couldBeHttp2 = seen.subarray(0, length).equals(HTTP2_PREFACE.subarray(0, length));
    if (couldBeHttp2 && length < HTTP2_PREFACE.length) return;
    socket.off('readable', onReadable);
    socket.off('end', onEnd);
    socket.unshift(seen);
    decide(couldBeHttp2);
  };
  const onEnd = () => socket.destroy();
  socket.on('readable', onReadable);
  socket.on('end', onEnd);
}

function readBody(request: AnyRequest, response: AnyResponse, done: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= MAX_BODY_BYTES) chunks.push(chunk);
  });
  request.on('end', () => {
    if (length > MAX_BODY_BYTES) {
      write(response, {
        status: 413,
        headers: { 'content-type': 'text/plain' },
        body: `the request body has ${length} bytes; the engine takes at most ${MAX_BODY_BYTES}`,
      });
      return;
    }
    const [first] = chunks;
    done(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, length));
  });
  // The peer went away while sending: there is nobody to answer.
  request.on('error', () => undefined);
}

function crashed(wire: WireRequest, error: unknown): ServiceResponse {
  console.error(`engine: ${wire.method} ${wire.url} failed`, error);
  const message = error instanceof Error ? error.message : String(error);
  return {
    status: 500,
    headers: { 'content-type': 'application/x-amz-json-1.0' },
    body: JSON.stringify({ __type: 'InternalFailure', message: `${wire.method} ${wire.url}: ${message}` }),
  };
}

function finish(response: AnyResponse, outcome: Outcome, withheld: Set<NodeJS.Timeout>, callerHasGone: boolean): void {
  if (callerHasGone) {
    if (typeof outcome === 'object') outcome.onUnsent?.();
  } else if (outcome === 'drop') {
    breakConnection(response);
  } else if (outcome === 'withhold') {
    const timer = setTimeout(() => {
      withheld.delete(timer);
      breakConnection(response);
    }, WITHHOLD_MS);
    withheld.add(timer);
    response.once('close', () => {
      clearTimeout(timer);
      withheld.delete(timer);
    });
  } else {
    write(response, outcome);
  }
}

function breakConnection(response: AnyResponse): void {
  if ('stream' in response) response.stream?.close(constants.NGHTTP2_INTERNAL_ERROR);
  else response.socket?.destroy();
}

function write(response: AnyResponse, { status, headers, body, more }: ServiceResponse): void {
  if (more !== undefined) {
    if ('stream' in response) response.writeHead(status, headers).write(body);
    else response.writeHead(status, headers).write(body);
    void writeOn(response, more);
    return;
  }
  const bytes = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  // HEAD answers carry the length of the body they do not have.
  const length = 'content-length' in headers ? {} : { 'content-length': String(bytes) };
  const all = { ...headers, ...length };
  // One overload each: the two servers' responses share the shape, not the type.
  if ('stream' in response) response.writeHead(status, all).end(body);
  else response.writeHead(status, all).end(body);
}

/** Writes the pieces of an answer as they come, no faster than they are taken. */
async function writeOn(response: AnyResponse, more: NonNullable<ServiceResponse['more']>): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    for await (const piece of more(gone.signal)) {
      // One overload each, as above.
      const isTaken = 'stream' in response ? response.write(piece) : response.write(piece);
      if (!isTaken) await once(response, 'drain', { signal: gone.signal });
    }
  } catch (error) {
    if (!gone.signal.aborted) console.error('engine: an answer broke off', error);
  }
  if (!gone.signal.aborted) response.end();
}
