import { type ChildProcess, fork } from 'node:child_process';
import { rmSync } from 'node:fs';
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorResponse } from './endpoint-errors.ts';
import { withKinesisChecks } from './kinesis/checks.ts';
import { createKinesisJournal, type KinesisJournal } from './kinesis/journal.ts';
import { readBehindTrimmed } from './kinesis/trimmed.ts';
import type { ServiceHandler, ServiceRequest, ServiceResponse } from './service.ts';
import type { State } from './state/state.ts';

/** Kinesis as a handler of the endpoint. */
export interface Kinesis {
  /** Starts the process now rather than with the first call. */
  start(): void;
  /** Of the kinesis-local process; undefined when it is not started, or could not be. */
  readonly pid: number | undefined;
  readonly handle: ServiceHandler;
  close(): Promise<void>;
}

export interface KinesisOptions {
  readonly region: string;
  /** Keeps streams and records over a restart. */
  readonly state?: State | undefined;
}

/** What kinesis-local fills itself from; gone when it has started. */
const DATA_FILE = 'kinesis-data.json';
/** kinesis-local starts in well under a second on an idle machine. */
const START_TIMEOUT_MS = 30_000;
/** Streams and shards change state at once: nobody waits for a local stream. */
const STATE_CHANGE = '1ms';
/** kinesis-local refuses shards above its limit; the quota of an AWS account can be raised, so this is far away. */
const SHARD_LIMIT = '100000';
const DURATIONS = [
  'CREATE_STREAM',
  'DELETE_STREAM',
  'REGISTER_STREAM_CONSUMER',
  'DEREGISTER_STREAM_CONSUMER',
  'START_STREAM_ENCRYPTION',
  'STOP_STREAM_ENCRYPTION',
  'MERGE_SHARDS',
  'SPLIT_SHARD',
  'UPDATE_SHARD_COUNT',
  'UPDATE_STREAM_MODE',
];
/** Enough of what the process wrote to see why it ended. */
const STDERR_TAIL_CHARS = 2_000;
/** Not passed on: they belong to one connection (RFC 9110, 7.6.1), or the length is set anew. */
const HOP_HEADERS = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'host',
  'upgrade',
  'expect',
]);

/**
 * Kinesis by kinesis-local in a child process, which starts with the first call or with `start`. The process ends with `close()`, and with
 * this process, however that one ends.
 */
export function createKinesis({ region, state }: KinesisOptions): Kinesis {
  const journal = state && createKinesisJournal(state);
  const agent = new Agent({ keepAlive: true });
  let started: KinesisProcess | undefined;
  const running = (): KinesisProcess => {
    started ??= startProcess(region, state && join(resolve(state.directory), DATA_FILE), journal);
    return started;
  };

  const toProcess: ServiceHandler = async (request) => {
    let target: number;
    try {
      target = await running().port;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return errorResponse('kinesis', { status: 503, code: 'ServiceUnavailableException', message });
    }
    return forward(request, target, agent);
  };

  return {
    start: () => void running(),
    get pid() {
      return started?.pid;
    },
    handle: withKinesisChecks(readBehindTrimmed(journal === undefined ? toProcess : journal.around(toProcess))),
    async close() {
      agent.destroy();
      await started?.close();
    },
  };
}

interface KinesisProcess {
  readonly pid: number | undefined;
  /** Rejects when the process could not be started. */
  readonly port: Promise<number>;
  close(): Promise<void>;
}

function startProcess(
  region: string,
  dataFile: string | undefined,
  journal: KinesisJournal | undefined,
): KinesisProcess {
  if (dataFile !== undefined) journal?.writeDataFile(dataFile);
  const child = fork(fileURLToPath(new URL('./kinesis-process.ts', import.meta.url)), [], {
    execPath: process.execPath,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: environment(region, dataFile),
  });
  const port = portOf(child).finally(() => dataFile && rmSync(dataFile, { force: true }));
  // A failed start is reported by the first call that needs the process, not as an unhandled rejection.
  port.catch(() => undefined);
  const killChild = () => void child.kill('SIGKILL');
  process.once('exit', killChild);
  return {
    pid: child.pid,
    port,
    async close() {
      process.off('exit', killChild);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    },
  };
}

function environment(region: string, dataFile: string | undefined): NodeJS.ProcessEnv {
  return {
    // kinesis-local could also save what it holds, but only now and then, and all of it each time.
    ...(dataFile === undefined ? {} : { PERSIST_PATH: dirname(dataFile), PERSIST_FILE_NAME: basename(dataFile) }),
    PATH: process.env.PATH,
    AWS_REGION: region,
    AWS_ACCOUNT_ID: '000000000000',
    KINESIS_MOCK_CERT_PATH: createRequire(import.meta.url).resolve('kinesis-local/server.json'),
    LOG_LEVEL: 'ERROR',
    SHARD_LIMIT,
    ON_DEMAND_STREAM_COUNT_LIMIT: '1000',
    ...Object.fromEntries(DURATIONS.map((name) => [`${name}_DURATION`, STATE_CHANGE])),
  };
}

function portOf(child: ChildProcess): Promise<number> {
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk).slice(-STDERR_TAIL_CHARS);
  });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`kinesis-local did not start within ${START_TIMEOUT_MS / 1_000} s. ${stderr}`)),
      START_TIMEOUT_MS,
    );
    child.once('message', (message: { readonly port: number }) => {
      clearTimeout(timer);
      resolve(message.port);
    });
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(new Error(`kinesis-local could not be started: ${error.message}`, { cause: error }));
    });
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      reject(new Error(`kinesis-local ended (code ${code}, signal ${signal}). ${stderr}`));
    });
  });
}

function forward(request: ServiceRequest, port: number, agent: Agent): Promise<ServiceResponse> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      {
        host: '127.0.0.1',
        port,
        agent,
        method: request.method,
        path: request.url,
        headers: { ...passedOn(request.headers), 'content-length': request.body.length },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () =>
          resolve({
            status: incoming.statusCode ?? 500,
            headers: responseHeaders(incoming.headers),
            body: Buffer.concat(chunks),
          }),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(request.body);
  });
}

/** kinesis-local takes a 12-digit access key for an account of its own; here there is one account, whoever signs. */
const ACCESS_KEY = /Credential=[^/]+\//;

function passedOn(headers: ServiceRequest['headers']): Record<string, string | string[]> {
  const passed: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name.startsWith(':') || HOP_HEADERS.has(name)) continue;
    passed[name] = name === 'authorization' ? String(value).replace(ACCESS_KEY, 'Credential=engine/') : value;
  }
  return passed;
}

function responseHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !HOP_HEADERS.has(name)) passed[name] = String(value);
  }
  return passed;
}
