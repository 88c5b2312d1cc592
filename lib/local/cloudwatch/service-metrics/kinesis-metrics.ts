import type { JsonObject } from '../../json.ts';
import { isObject, listAt, numberAt, textAt } from '../../json.ts';
import type { Input } from '../../kinesis/input.ts';
import { streamOfIterator } from '../../kinesis/iterators.ts';
import { streamNameIn } from '../../kinesis/streams.ts';
import { kinesisInput, resultIn } from '../../kinesis/wire.ts';
import type { ServiceRequest, ServiceResponse } from '../../service.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { RequestMeter } from './request-meter.ts';

/**
 * Counts calls of Kinesis under the stream-level names of AWS/Kinesis.
 * https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html
 */
export function createKinesisMeter(metrics: Metrics): RequestMeter {
  const operations: Readonly<Record<string, (call: Call) => void>> = {
    PutRecord: (call) => {
      call.count('PutRecord.Success', call.ok ? 1 : 0);
      call.count('PutRecord.Latency', call.durationMs, 'Milliseconds');
      if (call.ok) incoming(call, [call.input]);
      else call.count('WriteProvisionedThroughputExceeded', call.throttled ? 1 : 0);
    },
    PutRecords: (call) => {
      const records = listAt(call.input, 'Records');
      const results = listAt(call.output, 'Records');
      const stored = call.ok ? records.filter((_, index) => textAt(results[index], 'ErrorCode') === undefined) : [];
      const throttled = results.filter((result) => textAt(result, 'ErrorCode') === THROTTLED).length;
      call.count('PutRecords.Success', call.ok ? 1 : 0);
      call.count('PutRecords.Latency', call.durationMs, 'Milliseconds');
      call.count('PutRecords.Records', stored.length);
      call.count(
        'PutRecords.Bytes',
        stored.reduce((sum: number, record: unknown) => sum + bytesOf(record), 0),
        'Bytes',
      );
      call.count('PutRecords.TotalRecords', records.length);
      call.count('PutRecords.SuccessfulRecords', stored.length);
      call.count('PutRecords.FailedRecords', records.length - stored.length - throttled);
      call.count('PutRecords.ThrottledRecords', throttled);
      call.count('WriteProvisionedThroughputExceeded', throttled + (call.throttled ? records.length : 0));
      incoming(call, stored);
    },
    GetRecords: (call) => {
      call.count('GetRecords.Success', call.ok ? 1 : 0);
      call.count('GetRecords.Latency', call.durationMs, 'Milliseconds');
      call.count('ReadProvisionedThroughputExceeded', call.throttled ? 1 : 0);
      if (!call.ok) return;
      const records = listAt(call.output, 'Records');
      const bytes = records.reduce((sum: number, record: unknown) => sum + bytesOf(record), 0);
      call.count('GetRecords.Records', records.length);
      call.count('GetRecords.Bytes', bytes, 'Bytes');
      call.count(
        'GetRecords.IteratorAgeMilliseconds',
        numberAt(call.output, 'MillisBehindLatest') ?? 0,
        'Milliseconds',
      );
    },
  };

  return (request, response, durationMs) => {
    const operation = operations[request.operation ?? ''];
    if (operation === undefined) return;
    const input = inputOf(request);
    if (input === undefined) return;
    const stream = streamNameIn(input) ?? streamOfIterator(input.ShardIterator);
    if (stream !== undefined) operation(callOf({ input, response, durationMs, stream, metrics }));
  };
}

const THROTTLED = 'ProvisionedThroughputExceededException';

interface Call {
  readonly input: Input;
  readonly output: Input;
  readonly stream: string;
  readonly ok: boolean;
  readonly throttled: boolean;
  readonly durationMs: number;
  readonly count: (name: string, value: number, unit?: string) => void;
}

function callOf(given: {
  readonly input: Input;
  readonly response: ServiceResponse;
  readonly durationMs: number;
  readonly stream: string;
  readonly metrics: Metrics;
}): Call {
  const { input, response, durationMs, stream, metrics } = given;
  const output = resultIn(response) ?? parsed(response);
  return {
    ...{ input, output, stream, durationMs },
    ok: response.status === 200,
    throttled: (textAt(output, '__type') ?? '').includes(THROTTLED),
    count: (name, value, unit = 'Count') =>
      metrics.series({ namespace: 'AWS/Kinesis', name, dimensions: { StreamName: stream } }, unit).add(value),
  };
}

function incoming({ count }: Call, records: readonly unknown[]): void {
  if (records.length === 0) return;
  count('IncomingRecords', records.length);
  count(
    'IncomingBytes',
    records.reduce((sum: number, record: unknown) => sum + bytesOf(record), 0),
    'Bytes',
  );
}

function parsed({ body }: ServiceResponse): JsonObject {
  const text = typeof body === 'string' ? body : body.toString('utf8');
  const value: unknown = text.startsWith('{') ? JSON.parse(text) : {};
  return isObject(value) ? value : {};
}

/** Bytes of a record's data, which may be base64. */
function bytesOf(record: unknown): number {
  const data = isObject(record) ? (record as Input).Data : undefined;
  if (data instanceof Uint8Array) return data.length;
  const text = typeof data === 'string' ? data : '';
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return (text.length / 4) * 3 - padding;
}

/** Undefined when the body cannot be read: the service has answered that with an error. */
function inputOf(request: ServiceRequest): Input | undefined {
  try {
    return kinesisInput(request);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
