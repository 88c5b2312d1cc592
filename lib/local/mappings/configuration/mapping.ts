import type { AwsCalls } from '../../call.ts';
import type { Deliveries } from '../../faults/deliveries.ts';
import type { FunctionDefinition } from '../../lambda/definition.ts';
import type { CallsAs } from '../../role-calls.ts';

/** What an event source mapping is set to; the names of the Lambda API, the units in the names. */
export interface MappingConfig {
  readonly uuid: string;
  readonly functionArn: string;
  readonly eventSourceArn: string;
  readonly batchSize: number;
  readonly windowSeconds: number;
  readonly enabled: boolean;
  readonly reportFailures: boolean;
  /** Filter patterns, JSON text; a record passes when any matches. */
  readonly filters: readonly string[];
  /** SQS only, 2 to 1,000. */
  readonly maximumConcurrency: number | undefined;
  /** Streams only. */
  readonly startingPosition: 'TRIM_HORIZON' | 'LATEST' | 'AT_TIMESTAMP' | undefined;
  /** Epoch milliseconds, with AT_TIMESTAMP. */
  readonly startingTimestampMs: number | undefined;
  /** 1 to 10. */
  readonly parallelization: number;
  /** -1: until the records expire. */
  readonly maximumRetries: number;
  /** -1: no limit. */
  readonly maximumAgeSeconds: number;
  readonly bisect: boolean;
  /** Length of a tumbling window, 1 to 900 s; 0: none. */
  readonly tumblingSeconds: number;
  /** ARN of a queue, topic or bucket for batches that are given up. */
  readonly onFailureArn: string | undefined;
}

/** What a running mapping needs of the engine. */
export interface MappingContext {
  readonly functions: Deliveries;
  /** How a mapping invokes. @param inOrder a stream or FIFO queue */
  readonly deliveries: (inOrder: boolean) => Deliveries;
  /** Of a running mapping: in the name of the function's role, as on AWS. */
  readonly calls: AwsCalls;
  readonly callsAs: CallsAs;
  /** What the function's role lacks for a mapping, a sentence each. */
  readonly missingPermissions: (config: MappingConfig, definition: FunctionDefinition) => readonly string[];
  readonly region: string;
  readonly accountId: string;
  /** Says once what went wrong outside the function (a source that is gone, a destination that refuses). */
  readonly report: (text: string) => void;
  /** Whether more workers would only take processor time from each other. */
  readonly processorsAreBusy: () => boolean;
  /** Divides the greatest age of records. Default 1. */
  readonly timeScale?: number;
  /** Told of every batch of a stream: how long its last record has lain there, milliseconds. */
  readonly onStreamBatch: (functionArn: string, ageMs: number) => void;
  readonly onStreamAppend: (streamArn: string, listener: () => void) => () => void;
}

/** A mapping at work. */
export interface RunningMapping {
  /** Resolves once the first position is taken: what arrives after it will be seen. */
  readonly ready: Promise<void>;
  /** "No records processed", "OK", or the last problem, as LastProcessingResult shows it. */
  lastResult(): string;
  /**
   * Stops polling, then waits for the batch in flight. With `abandon` the wait for the source ends at once
   * (messages just handed out come back after their visibility timeout).
   */
  stop(abandon: boolean): Promise<void>;
}
