import type { Json, JsonObject } from '../json.ts';
import { isObject, listAt, numberAt, textAt } from '../json.ts';
import type { ServiceResponse } from '../service.ts';
import type { Metrics } from './metrics.ts';
import { inputOf, type RequestMeter } from './request-meter.ts';

/** Iterators whose stream is remembered: GetRecords need not name it. */
const REMEMBERED_ITERATORS = 10_000;

/**
 * Counts calls of Kinesis under the stream-level names of AWS/Kinesis. Calls in CBOR are not looked into.
 * https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html
 */
export function createKinesisMeter(metrics: Metrics): RequestMeter {
  const streams = new Map<string, string>();

  const remember = (iterator: string | undefined, stream: string) => {
    if (iterator === undefined) return;
    streams.set(iterator, stream);
    const [oldest] = streams.size > REMEMBERED_ITERATORS ? streams.keys() : [];
    if (oldest !== undefined) streams.delete(oldest);
  };

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
        stored.reduce((sum: number, record) => sum + bytesOf(record), 0),
        'Bytes',
      );
      call.count('PutRecords.TotalRecords', records.length);
      call.count('PutRecords.SuccessfulRecords', stored.length);
      call.count('PutRecords.FailedRecords', records.length - stored.length - throttled);
      call.count('PutRecords.ThrottledRecords', throttled);
      call.count('WriteProvisionedThroughputExceeded', throttled + (call.throttled ? records.length : 0));
      incoming(call, stored);
    },
    GetShardIterator: (call) => remember(textAt(call.output, 'ShardIterator'), call.stream),
    GetRecords: (call) => {
      remember(textAt(call.output, 'NextShardIterator'), call.stream);
      streams.delete(textAt(call.input, 'ShardIterator') ?? '');
      call.count('GetRecords.Success', call.ok ? 1 : 0);
      call.count('GetRecords.Latency', call.durationMs, 'Milliseconds');
      call.count('ReadProvisionedThroughputExceeded', call.throttled ? 1 : 0);
      if (!call.ok) return;
      const records = listAt(call.output, 'Records');
      const bytes = records.reduce((sum: number, record) => sum + bytesOf(record), 0);
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
    if (operation === undefined || String(request.headers['content-type'] ?? '').includes('cbor')) return;
    const input = inputOf(request) ?? {};
    const stream = streamOf(input) ?? streams.get(textAt(input, 'ShardIterator') ?? '');
    if (stream !== undefined) operation(callOf({ input, response, durationMs, stream, metrics }));
  };
}

const THROTTLED = 'ProvisionedThroughputExceededException';

interface Call {
  readonly input: JsonObject;
  readonly output: JsonObject;
  readonly stream: string;
  readonly ok: boolean;
  readonly throttled: boolean;
  readonly durationMs: number;
  readonly count: (name: string, value: number, unit?: string) => void;
}

function callOf(given: {
  readonly input: JsonObject;
  readonly response: ServiceResponse;
  readonly durationMs: number;
  readonly stream: string;
  readonly metrics: Metrics;
}): Call {
  const { input, response, durationMs, stream, metrics } = given;
  const output = parsed(response);
  return {
    ...{ input, output, stream, durationMs },
    ok: response.status === 200,
    throttled: (textAt(output, '__type') ?? '').includes(THROTTLED),
    count: (name, value, unit = 'Count') =>
      metrics.series({ namespace: 'AWS/Kinesis', name, dimensions: { StreamName: stream } }, unit).add(value),
  };
}

function incoming({ count }: Call, records: readonly Json[]): void {
  if (records.length === 0) return;
  count('IncomingRecords', records.length);
  count(
    'IncomingBytes',
    records.reduce((sum: number, record) => sum + bytesOf(record), 0),
    'Bytes',
  );
}

function parsed({ body }: ServiceResponse): JsonObject {
  const text = typeof body === 'string' ? body : body.toString('utf8');
  const value: unknown = text.startsWith('{') ? JSON.parse(text) : {};
  return isObject(value) ? value : {};
}

/** Bytes of a record's data, from its base64. */
function bytesOf(record: Json): number {
  const data = textAt(record, 'Data') ?? '';
  const padding = data.endsWith('==') ? 2 : data.endsWith('=') ? 1 : 0;
  return (data.length / 4) * 3 - padding;
}

function streamOf(input: JsonObject): string | undefined {
  const { StreamName, StreamARN } = input;
  if (typeof StreamName === 'string') return StreamName;
  return typeof StreamARN === 'string' ? StreamARN.split('/').at(-1) : undefined;
}
