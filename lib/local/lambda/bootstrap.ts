/**
 * The Lambda runtime inside a worker thread: loads the handler, then answers one event at a time.
 * Imports nothing but Node, because every cold start pays for what it imports.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { FromWorker, FunctionError, FunctionLog, ToWorker, WorkerSettings } from './definition.ts';
import { freeze, readyToFreeze } from './freezing.ts';
import { loadHandler } from './load-handler.ts';
import { skewClock } from './skewed-clock.ts';

type Callback = (error: unknown, result?: unknown) => void;
type Handler = (event: unknown, context: object, callback: Callback) => unknown;

const settings = workerData as WorkerSettings;
const port = parentPort;
if (!port) throw new Error('bootstrap.ts runs only as a worker of the engine');
const post = (message: FromWorker): void => port.postMessage(message);

/** Time that is left is measured with the clock that the deadline was set by. */
const now = settings.clockSkewMs === 0 ? Date.now : skewClock(settings.clockSkewMs);

captureOutput();
process.on('uncaughtException', (error) => crash(describe(error)));
process.on('unhandledRejection', (reason) => {
  const error = describe(reason);
  crash({
    ...error,
    errorType: 'Runtime.UnhandledPromiseRejection',
    errorMessage: `${error.errorType}: ${error.errorMessage}`,
  });
});

let handler: Handler | undefined;
try {
  handler = (await loadHandler(settings.taskRoot, settings.handler)) as Handler;
  post({ kind: 'ready' });
} catch (error) {
  post({ kind: 'init-error', error: describe(error) });
}

port.on('message', receive);

function receive(message: ToWorker): void {
  if (handler) void run(handler, message);
}

async function run(handle: Handler, { requestId, event, deadline, traceId }: ToWorker): Promise<void> {
  process.env._X_AMZN_TRACE_ID = traceId;
  const answer = await answerOf(handle, event, requestId, deadline);
  if (settings.frozen === undefined) post(answer);
  else standStill(answer, settings.frozen);
}

async function answerOf(handle: Handler, event: string, requestId: string, deadline: number): Promise<FromWorker> {
  try {
    const result = await call(handle, JSON.parse(event), contextOf(requestId, deadline));
    return { kind: 'result', requestId, payload: serialise(result) };
  } catch (error) {
    return { kind: 'failed', requestId, error: describe(error) };
  }
}

/**
 * Answers, and stops until the next event. That is taken up before anything else is looked at, as on Lambda, where the event comes to a
 * function that has not yet heard what became of its sockets.
 */
function standStill(answer: FromWorker, word: NonNullable<WorkerSettings['frozen']>): void {
  readyToFreeze(word);
  post(answer);
  // What the handler has just written goes out first.
  setImmediate(() => {
    freeze(word);
    const next = receiveMessageOnPort(port as NonNullable<typeof port>);
    if (next !== undefined) receive(next.message as ToWorker);
  });
}

/** A handler answers through its promise, or through the callback when it takes three parameters and returns none. */
function call(handle: Handler, event: unknown, context: object): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const settle: Callback = (error, result) => (error === null || error === undefined ? resolve(result) : reject(error));
  Object.assign(context, {
    done: settle,
    fail: (error: unknown) => reject(error),
    succeed: (result: unknown) => resolve(result),
  });
  const returned = handle(event, context, settle);
  const isPromise = typeof returned === 'object' && returned !== null && 'then' in returned;
  if (isPromise || handle.length < 3) resolve(returned);
  return promise;
}

function contextOf(requestId: string, deadline: number): object {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: settings.functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: settings.functionArn,
    memoryLimitInMB: String(settings.memoryMb),
    awsRequestId: requestId,
    logGroupName: settings.logGroup,
    logStreamName: settings.logStream,
    getRemainingTimeInMillis: () => Math.max(0, deadline - now()),
  };
}

function serialise(result: unknown): string {
  try {
    return JSON.stringify(result === undefined ? null : result) ?? 'null';
  } catch (error) {
    throw Object.assign(new Error(`Unable to stringify response body as json: ${describe(error).errorMessage}`), {
      name: 'Runtime.MarshalError',
    });
  }
}

function describe(error: unknown): FunctionError {
  if (
    error instanceof Error ||
    (typeof error === 'object' && error !== null && 'name' in error && 'message' in error)
  ) {
    const { name, message, stack } = error as Error;
    return { errorType: String(name), errorMessage: String(message), trace: String(stack ?? '').split('\n') };
  }
  return {
    errorType: typeof error,
    errorMessage: typeof error === 'string' ? error : (JSON.stringify(error) ?? String(error)),
    trace: [],
  };
}

function crash(error: FunctionError): void {
  post({ kind: 'crash', error });
  process.exit(129);
}

/** Whatever is written, through console or straight to the streams, goes to the engine in order with the results. */
function captureOutput(): void {
  let level: FunctionLog['level'];
  for (const name of ['trace', 'debug', 'info', 'log', 'warn', 'error'] as const) {
    const original = console[name].bind(console);
    console[name] = (...values: unknown[]): void => {
      level = name === 'log' ? 'info' : name;
      try {
        original(...values);
      } finally {
        level = undefined;
      }
    };
  }
  for (const stream of [process.stdout, process.stderr]) {
    stream.write = ((chunk: string | Uint8Array, encoding?: unknown, done?: unknown): boolean => {
      const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
      post({ kind: 'log', level, line: text.replace(/\n$/, '') });
      const callback = typeof encoding === 'function' ? encoding : done;
      if (typeof callback === 'function') callback();
      return true;
    }) as typeof stream.write;
  }
}
