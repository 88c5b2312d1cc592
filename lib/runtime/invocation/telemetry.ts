import { ENV } from '../../contracts/agreed/environment.ts';
import { METRIC_NAMESPACE } from '../../contracts/agreed/metrics.ts';
import { lambda, type Runtime } from './runtime.ts';

type Level = 'debug' | 'info' | 'warn' | 'error';

/** Fields of a log line. Never a message body: bodies may hold personal data. */
export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Writes a structured log line. */
export type Log = (level: Level, message: string, fields?: Fields) => void;

/** Structured logs: one JSON object a line, with the fields that are the same for every line of this logger. */
export function logger(common: Fields, write: (line: string) => void = lambda.write): Log {
  return (level, message, fields) => {
    // The line's own fields win: whatever a handler calls its fields, the level stays the level.
    const own = { level, message, timestamp: new Date().toISOString() };
    write(JSON.stringify({ ...own, ...common, ...fields, ...own }));
  };
}

/** Name, stack and causes of an error, for a log line. */
export function errorFields(error: Error): Fields {
  return {
    error: error.name,
    errorMessage: error.message,
    stack: error.stack,
    ...(error.cause instanceof Error ? { cause: `${error.cause.name}: ${error.cause.message}` } : {}),
  };
}

/** Values of one metric. */
export interface Metric {
  readonly unit: 'Count' | 'Milliseconds' | 'Seconds';
  /** Several values become one distribution. */
  readonly values: readonly number[];
}

export const count = (value: number): Metric => ({ unit: 'Count', values: [value] });

/** EMF takes at most this many values of one metric in a document. */
const MAX_EMF_VALUES = 100;

/** Metrics of one thing, and of a part of it. */
export interface Measured {
  /** What they are about: `{ subscription: 'charge-card' }`. */
  readonly dimensions: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, Metric>>;
  /** Metrics that are kept for the thing and for its part. @default none */
  readonly ofPart?: {
    readonly dimensions: Readonly<Record<string, string>>;
    readonly metrics: Readonly<Record<string, Metric>>;
  };
}

/**
 * Metrics as one log line in CloudWatch's embedded metric format: no request, no permission, no waiting. The function's stack is a
 * dimension of all of them.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function emitMetrics(
  { dimensions, metrics, ofPart }: Measured,
  { env, now, write }: Pick<Runtime, 'env' | 'now' | 'write'>,
): void {
  const stack = env(ENV.stack);
  const common = stack === undefined ? dimensions : { stack, ...dimensions };
  const keys = Object.keys(common);
  const groups = [{ sets: [keys], metrics: present(metrics) }];
  if (ofPart !== undefined) {
    groups.push({ sets: [keys, [...keys, ...Object.keys(ofPart.dimensions)]], metrics: present(ofPart.metrics) });
  }
  const longest = Math.max(0, ...groups.flatMap((group) => group.metrics.map(([, { values }]) => values.length)));
  for (let from = 0; from < longest; from += MAX_EMF_VALUES) {
    const chunks = groups
      .map(({ sets, metrics: all }) => ({ sets, metrics: all.filter(([, { values }]) => values.length > from) }))
      .filter((chunk) => chunk.metrics.length > 0);
    const values = chunks.flatMap((chunk) => chunk.metrics.map(([name, metric]) => [name, metric.values] as const));
    write(
      JSON.stringify({
        _aws: {
          Timestamp: now(),
          CloudWatchMetrics: chunks.map((chunk) => ({
            Namespace: METRIC_NAMESPACE,
            Dimensions: chunk.sets,
            Metrics: chunk.metrics.map(([name, { unit }]) => ({ Name: name, Unit: unit })),
          })),
        },
        ...common,
        ...ofPart?.dimensions,
        ...Object.fromEntries(values.map(([name, all]) => [name, all.slice(from, from + MAX_EMF_VALUES)])),
      }),
    );
  }
}

const present = (metrics: Readonly<Record<string, Metric>>): readonly (readonly [string, Metric])[] =>
  Object.entries(metrics).filter(([, { values }]) => values.length > 0);
