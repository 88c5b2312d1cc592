import type { Json } from '../json.ts';

/** A Lambda function as it was provisioned. */
export interface FunctionDefinition {
  readonly name: string;
  readonly arn: string;
  /** `file.export`, as in the Handler property. */
  readonly handler: string;
  readonly runtime: string;
  /** Absolute directory of the code. */
  readonly taskRoot: string;
  readonly environment: Readonly<Record<string, string>>;
  /** 1 to 900 s, in milliseconds. */
  readonly timeoutMs: number;
  /** 128 to 10,240 MB; limits the heap of the worker. */
  readonly memoryMb: number;
  /** Most events at a time; undefined: only the account's limit counts; 0: every call is throttled. */
  readonly reservedConcurrency: number | undefined;
  readonly roleArn: string;
  readonly description: string;
  readonly logGroup: string;
  readonly codeSha256: string;
  readonly codeSize: number;
  /** ISO 8601, as the Lambda API shows it. */
  readonly lastModified: string;
}

/** One line that a function wrote, or the engine about it. */
export interface FunctionLog {
  readonly function: string;
  /** Log stream of the instance. */
  readonly stream: string;
  /** A line of Lambda itself (START, END, REPORT), for the log only. */
  readonly platform?: boolean;
  readonly requestId: string | undefined;
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | undefined;
  readonly line: string;
}

/** The error object a failed invocation answers with, as the Lambda runtime writes it. */
export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

export interface InvocationResult {
  readonly requestId: string;
  /** JSON text: what the handler returned, or the FunctionError. */
  readonly payload: string;
  /** Set when the function failed; `payload` then holds it as JSON. */
  readonly error: FunctionError | undefined;
  /** Last 4 KB of the log of this invocation, with the START, END and REPORT lines. */
  readonly logTail: string;
  /** How long the handler ran, milliseconds; undefined when it never did. */
  readonly durationMs?: number;
}

/** What the engine sends to a worker, and what comes back. */
export type ToWorker = {
  readonly kind: 'invoke';
  readonly requestId: string;
  readonly event: string;
  /** Epoch milliseconds at which the invocation times out. */
  readonly deadline: number;
  readonly traceId: string;
};
export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'init-error'; readonly error: FunctionError }
  | { readonly kind: 'result'; readonly requestId: string; readonly payload: string }
  | { readonly kind: 'failed'; readonly requestId: string; readonly error: FunctionError }
  | { readonly kind: 'crash'; readonly error: FunctionError }
  | { readonly kind: 'log'; readonly level: FunctionLog['level']; readonly line: string };

export interface WorkerSettings {
  readonly functionName: string;
  readonly functionArn: string;
  readonly handler: string;
  readonly taskRoot: string;
  readonly memoryMb: number;
  readonly logGroup: string;
  readonly logStream: string;
  /** How much the worker's clock is fast, in milliseconds; negative: slow. */
  readonly clockSkewMs: number;
  /** What it stands still by between events (see freezing.ts); undefined: it does not. */
  readonly frozen: Int32Array<SharedArrayBuffer> | undefined;
}

/** Parses a payload that may be empty. */
export function parsePayload(payload: string): Json {
  return payload.trim() === '' ? null : (JSON.parse(payload) as Json);
}
