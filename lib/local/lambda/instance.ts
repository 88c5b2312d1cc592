import { randomBytes } from 'node:crypto';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type {
  FromWorker,
  FunctionDefinition,
  FunctionError,
  FunctionLog,
  InvocationResult,
  ToWorker,
  WorkerSettings,
} from './definition.ts';
import { instanceEnvironment } from './environment.ts';
import { thaw } from './freezing.ts';
import { InvocationLog } from './invocation-log.ts';

/** Longest a handler's module may take to load before the instance counts as failed. AWS gives 10 s; a busy laptop gets more. */
export const INIT_LIMIT_MS = 30_000;
/** Largest response of a synchronous invocation, bytes. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const RESPONSE_LIMIT_BYTES = 6 * 1024 * 1024 + 100;

/**
 * New objects of a worker have this much room until they are collected, MB. V8 would take several times as much, which all workers
 * together would not give back.
 */
const YOUNG_GENERATION_MB = 8;

/** What the worker runs: compiled, where this file is compiled. */
const BOOTSTRAP = new URL(`./bootstrap${extname(import.meta.filename)}`, import.meta.url);

/** One execution environment of a function: a worker thread that takes one event at a time. */
export interface Instance {
  readonly number: number;
  /** What it runs. */
  readonly definition: FunctionDefinition;
  readonly accessKeyId: string;
  /** Resolves once the handler is loaded; resolves to the error when it could not be. */
  readonly started: Promise<FunctionError | undefined>;
  /** Runs one event. Never rejects: whatever goes wrong is the result's error. The caller keeps to one event at a time. */
  invoke(requestId: string, event: string): Promise<InvocationResult>;
  /** Ends the worker; an invocation in flight fails as Runtime.ExitError. */
  stop(): Promise<void>;
  /** True once the worker has ended or must not be given another event. */
  readonly ended: boolean;
}

export interface InstanceOptions {
  readonly definition: FunctionDefinition;
  readonly number: number;
  readonly region: string;
  readonly endpoint: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken: string;
  };
  /** How much the worker's clock is fast, in milliseconds; negative: slow. Default 0. */
  readonly clockSkewMs?: number;
  /** Stands still from an answer to the next event. Default false. */
  readonly freezes?: boolean;
  readonly onLog: (log: FunctionLog) => void;
  /** Called once, however the worker ends. */
  readonly onEnd: () => void;
}

interface InFlight {
  readonly requestId: string;
  readonly log: InvocationLog;
  readonly settle: (payload: string, error: FunctionError | undefined) => void;
}

export function startInstance(options: InstanceOptions): Instance {
  const { definition } = options;
  const logStream = `${new Date().toISOString().slice(0, 10).replaceAll('-', '/')}/[$LATEST]${randomBytes(16).toString('hex')}`;
  const frozen = options.freezes === true ? new Int32Array(new SharedArrayBuffer(4)) : undefined;
  const settings: WorkerSettings = {
    functionName: definition.name,
    functionArn: definition.arn,
    handler: definition.handler,
    taskRoot: definition.taskRoot,
    memoryMb: definition.memoryMb,
    logGroup: definition.logGroup,
    logStream,
    clockSkewMs: options.clockSkewMs ?? 0,
    frozen,
  };
  const worker = new Worker(BOOTSTRAP, {
    name: definition.name,
    workerData: settings,
    env: instanceEnvironment({ ...options, logStream }),
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: definition.memoryMb, maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    stdout: true,
    stderr: true,
  });
  let current: InFlight | undefined;
  let ended = false;
  let crash: FunctionError | undefined;
  const { promise: started, resolve: setStarted } = Promise.withResolvers<FunctionError | undefined>();
  const { promise: exited, resolve: setExited } = Promise.withResolvers<void>();
  const initTimer = setTimeout(() => {
    crash = {
      errorType: 'Sandbox.Timedout',
      errorMessage: `Init of ${definition.name} took longer than ${INIT_LIMIT_MS / 1000} seconds`,
    };
    void stop();
  }, INIT_LIMIT_MS);

  function log(level: FunctionLog['level'], line: string): void {
    current?.log.add(line);
    options.onLog({ function: definition.name, stream: logStream, requestId: current?.requestId, level, line });
  }

  function logPlatform(requestId: string, line: string): void {
    options.onLog({ function: definition.name, stream: logStream, requestId, level: 'info', line, platform: true });
  }

  function fail(error: FunctionError): void {
    log('error', errorLine(error));
    current?.settle(JSON.stringify(error), error);
  }

  function received(message: FromWorker): void {
    switch (message.kind) {
      case 'log':
        log(message.level, message.line);
        break;
      case 'ready':
        start(undefined);
        break;
      case 'init-error':
        crash = message.error;
        void stop();
        break;
      case 'crash':
        crash = message.error;
        break;
      case 'failed':
        if (message.requestId === current?.requestId) fail(message.error);
        break;
      case 'result':
        if (message.requestId === current?.requestId) answer(message.payload);
    }
  }

  function answer(payload: string): void {
    if (Buffer.byteLength(payload) <= RESPONSE_LIMIT_BYTES) current?.settle(payload, undefined);
    else {
      const errorMessage = `Response payload size exceeded maximum allowed payload size (${RESPONSE_LIMIT_BYTES} bytes).`;
      fail({ errorType: 'Function.ResponseSizeTooLarge', errorMessage });
    }
  }

  function start(error: FunctionError | undefined): void {
    clearTimeout(initTimer);
    setStarted(error);
  }

  function end(code: number | undefined): void {
    if (ended) return;
    ended = true;
    const reason = code === undefined ? 'Error: Runtime exited with error: signal: killed' : exitReason(code);
    const prefix = current ? `RequestId: ${current.requestId} ` : '';
    const error = crash ?? { errorType: 'Runtime.ExitError', errorMessage: prefix + reason };
    start(error);
    if (current) fail(error);
    else if (crash) log('error', errorLine(crash));
    options.onEnd();
  }

  async function stop(): Promise<void> {
    end(undefined);
    await worker.terminate();
    await exited;
  }

  worker.on('message', received);
  worker.on('error', (error: Error & { code?: string }) => {
    const killed = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    crash ??= killed
      ? {
          errorType: 'Runtime.OutOfMemory',
          errorMessage: `Error: Runtime exited with error: signal: killed (over ${definition.memoryMb} MB)`,
        }
      : { errorType: error.name, errorMessage: error.message, trace: String(error.stack).split('\n') };
  });
  worker.on('exit', (code) => {
    end(code);
    setExited();
  });

  return {
    number: options.number,
    definition,
    accessKeyId: options.credentials.accessKeyId,
    started,
    stop,
    get ended() {
      return ended;
    },
    async invoke(requestId, event) {
      const { promise, resolve } = Promise.withResolvers<InvocationResult>();
      const invocationLog = new InvocationLog(requestId, definition.memoryMb);
      const begun = performance.now();
      const timer = setTimeout(() => {
        const seconds = (definition.timeoutMs / 1000).toFixed(2);
        crash = {
          errorType: 'Sandbox.Timedout',
          errorMessage: `RequestId: ${requestId} Error: Task timed out after ${seconds} seconds`,
        };
        void stop();
      }, definition.timeoutMs);
      current = {
        requestId,
        log: invocationLog,
        settle(payload, error) {
          clearTimeout(timer);
          current = undefined;
          const { lines, tail } = invocationLog.finish();
          for (const line of lines) logPlatform(requestId, line);
          resolve({
            requestId,
            payload,
            error,
            logTail: tail,
            durationMs: performance.now() - begun,
          });
        },
      };
      logPlatform(requestId, invocationLog.start());
      if (ended) {
        fail({
          errorType: 'Runtime.ExitError',
          errorMessage: `RequestId: ${requestId} Error: Runtime exited before the event was handed over`,
        });
        return promise;
      }
      const message: ToWorker = {
        kind: 'invoke',
        requestId,
        event,
        deadline: Date.now() + definition.timeoutMs,
        traceId: traceId(),
      };
      worker.postMessage(message);
      if (frozen !== undefined) thaw(frozen);
      return promise;
    },
  };
}

/** What the handler threw stands in the log as Lambda's runtime for Node writes it. https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html */
function errorLine({ errorType, errorMessage, trace }: FunctionError): string {
  if (trace === undefined) return `ERROR ${errorType}: ${errorMessage}`;
  return `ERROR\tInvoke Error \t${JSON.stringify({ errorType, errorMessage, stack: trace })}`;
}

function exitReason(code: number): string {
  return code === 0
    ? 'Error: Runtime exited without providing a reason'
    : `Error: Runtime exited with error: exit status ${code}`;
}

function traceId(): string {
  const seconds = Math.floor(Date.now() / 1000).toString(16);
  return `Root=1-${seconds}-${randomBytes(12).toString('hex')};Parent=${randomBytes(8).toString('hex')};Sampled=0`;
}
