import { METRIC_NAMESPACE } from '../contracts/metrics.ts';

type Level = 'debug' | 'info' | 'warn' | 'error';

/** Fields of a log line. Never a message body: bodies may hold personal data. */
export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Writes a structured log line. */
export type Log = (level: Level, message: string, fields?: Fields) => void;

/** Structured logs: one JSON object a line, with the fields that are the same for every line of this logger. */
export function logger(common: Fields, write: (line: string) => void = console.log): Log {
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

/** EMF takes at most this many values of one metric in a document. */
const MAX_EMF_VALUES = 100;

/**
 * Metrics as one log line in CloudWatch's embedded metric format: no request, no permission, no waiting.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function emitMetrics(
  dimensions: Readonly<Record<string, string>>,
  metrics: Readonly<Record<string, Metric>>,
  now: number,
  write: (line: string) => void = console.log,
): void {
  const present = Object.entries(metrics).filter(([, metric]) => metric.values.length > 0);
  if (present.length === 0) return;
  const longest = Math.max(...present.map(([, metric]) => metric.values.length));
  for (let from = 0; from < longest; from += MAX_EMF_VALUES) {
    const chunk = present.filter(([, metric]) => metric.values.length > from);
    write(
      JSON.stringify({
        _aws: {
          Timestamp: now,
          CloudWatchMetrics: [
            {
              Namespace: METRIC_NAMESPACE,
              Dimensions: [Object.keys(dimensions)],
              Metrics: chunk.map(([name, { unit }]) => ({ Name: name, Unit: unit })),
            },
          ],
        },
        ...dimensions,
        ...Object.fromEntries(chunk.map(([name, { values }]) => [name, values.slice(from, from + MAX_EMF_VALUES)])),
      }),
    );
  }
}
