import { describe, expect, it } from 'vitest';
import { AwsCallError } from '../../../../lib/local/call.ts';
import type { JsonObject } from '../../../../lib/local/json.ts';
import { readMappingConfig, sourceKind } from '../../../../lib/local/mappings/configuration/config.ts';
import { missingPermissions } from '../../../../lib/local/mappings/configuration/role-permissions.ts';
import { checkSource } from '../../../../lib/local/mappings/source-check.ts';
import { ACCOUNT, CONSUMER, DEFINITION, noting, QUEUE, STREAM, TABLE_STREAM } from '../support.ts';

const read = (input: JsonObject, previous?: ReturnType<typeof readMappingConfig>) =>
  readMappingConfig(input, DEFINITION, previous);
const queue = (input: JsonObject = {}) => read({ EventSourceArn: QUEUE, ...input });
const stream = (input: JsonObject = {}) => read({ EventSourceArn: STREAM, StartingPosition: 'TRIM_HORIZON', ...input });

describe('a mapping is set to', () => {
  const DEFAULTS = {
    ...{ functionArn: DEFINITION.arn, windowSeconds: 0, enabled: true, reportFailures: false, filters: [] },
    ...{ maximumConcurrency: undefined, startingTimestampMs: undefined, parallelization: 1, maximumRetries: -1 },
    ...{ maximumAgeSeconds: -1, bisect: false, tumblingSeconds: 0, onFailureArn: undefined },
  };
  it('defaults, by its source', () => {
    expect(queue()).toEqual({
      ...{ ...DEFAULTS, eventSourceArn: QUEUE, batchSize: 10, startingPosition: undefined },
      uuid: expect.stringMatching(/^[\da-f-]{36}$/),
    });
    expect(stream()).toMatchObject({ ...DEFAULTS, batchSize: 100, startingPosition: 'TRIM_HORIZON' });
    expect([QUEUE, STREAM, CONSUMER, TABLE_STREAM, 'arn:aws:sns:r:a:t', ''].map(sourceKind)).toEqual([
      ...['sqs', 'kinesis', 'kinesis', 'dynamodb', undefined, undefined],
    ]);
    expect(() => read({ EventSourceArn: 'arn:aws:sns:r:a:t' })).toThrow('Unrecognized event source');
  });

  const SET: JsonObject = {
    ...{ BatchSize: 7, MaximumBatchingWindowInSeconds: 3, Enabled: false, ParallelizationFactor: 4 },
    ...{ MaximumRetryAttempts: 5, MaximumRecordAgeInSeconds: 600, BisectBatchOnFunctionError: true },
    ...{ FunctionResponseTypes: ['ReportBatchItemFailures'], FilterCriteria: { Filters: [{ Pattern: '{"a":[1]}' }] } },
    ...{ DestinationConfig: { OnFailure: { Destination: QUEUE } }, StartingPosition: 'AT_TIMESTAMP' },
    StartingPositionTimestamp: 1.5,
  };
  const AS_SET = {
    ...{ batchSize: 7, windowSeconds: 3, enabled: false, parallelization: 4, maximumRetries: 5 },
    ...{ maximumAgeSeconds: 600, bisect: true, reportFailures: true, filters: ['{"a":[1]}'], onFailureArn: QUEUE },
    ...{ startingPosition: 'AT_TIMESTAMP', startingTimestampMs: 1_500 },
  };
  it('what is said, and an update leaves the rest as it was', () => {
    const before = stream(SET);
    expect(before).toMatchObject(AS_SET);
    expect(read({}, before)).toEqual(before);
    expect(read({ EventSourceArn: STREAM, ...SET, BatchSize: 8 }, before)).toEqual({ ...before, batchSize: 8 });
    // What is said to be nothing is nothing.
    const nothing = { FilterCriteria: {}, FunctionResponseTypes: [], DestinationConfig: {} };
    expect(read(nothing, before)).toEqual({ ...before, filters: [], reportFailures: false, onFailureArn: undefined });
    const limited = queue({ ScalingConfig: { MaximumConcurrency: 2 } });
    expect([limited.maximumConcurrency, read({}, limited).maximumConcurrency]).toEqual([2, 2]);
    expect(read({ ScalingConfig: {} }, limited).maximumConcurrency).toBeUndefined();
    expect(stream({ TumblingWindowInSeconds: 900 }).tumblingSeconds).toBe(900);
  });

  /** The first and last value of each setting, and those beside them that the API's model refuses. */
  it.each<[string, number, number, (value: number) => unknown]>([
    ['batchSize', 1, 10_000, (BatchSize) => stream({ BatchSize })],
    ['maximumBatchingWindowInSeconds', 0, 300, (value) => stream({ MaximumBatchingWindowInSeconds: value })],
    ['parallelizationFactor', 1, 10, (ParallelizationFactor) => stream({ ParallelizationFactor })],
    ['maximumRetryAttempts', -1, 10_000, (MaximumRetryAttempts) => stream({ MaximumRetryAttempts })],
    ['maximumRecordAgeInSeconds', -1, 604_800, (value) => stream({ MaximumRecordAgeInSeconds: value })],
    ['tumblingWindowInSeconds', 0, 900, (TumblingWindowInSeconds) => stream({ TumblingWindowInSeconds })],
    ['scalingConfig.maximumConcurrency', 2, 1_000, (value) => queue({ ScalingConfig: { MaximumConcurrency: value } })],
  ])('%s from %i to %i', (name, least, greatest, set) => {
    for (const value of [least, greatest]) expect(() => set(value)).not.toThrow();
    const rule = (value: number, side: string) =>
      `1 validation error detected: Value '${value}' at '${name}' failed to satisfy constraint: Member must have value ${side}`;
    expect(() => set(least - 1)).toThrow(rule(least - 1, `greater than or equal to ${least}`));
    expect(() => set(greatest + 1)).toThrow(rule(greatest + 1, `less than or equal to ${greatest}`));
  });

  it.each<[string, () => unknown, RegExp | undefined]>([
    ['an age of 60', () => stream({ MaximumRecordAgeInSeconds: 60 }), undefined],
    ['an age of 59', () => stream({ MaximumRecordAgeInSeconds: 59 }), /must be -1 or 60 to 604,800, not 59/],
    ['an age of 0', () => stream({ MaximumRecordAgeInSeconds: 0 }), /not 0/],
    ['10 of a queue', () => queue({ BatchSize: 10 }), undefined],
    ['11 of a queue', () => queue({ BatchSize: 11 }), /batch window in seconds must be greater than 0/],
    ['11 of a queue, gathered', () => queue({ BatchSize: 11, MaximumBatchingWindowInSeconds: 1 }), undefined],
    ['10 of a FIFO queue', () => queue({ EventSourceArn: `${QUEUE}.fifo`, BatchSize: 10 }), undefined],
    [
      '11 of a FIFO queue',
      () => queue({ EventSourceArn: `${QUEUE}.fifo`, BatchSize: 11 }),
      /1 to 10 for a FIFO queue, not 11/,
    ],
    [
      'gathered from a FIFO queue',
      () => queue({ EventSourceArn: `${QUEUE}.fifo`, MaximumBatchingWindowInSeconds: 1 }),
      /not supported for FIFO/,
    ],
    ['a position in a queue', () => queue({ StartingPosition: 'LATEST' }), /not valid for SQS/],
    ['no position in a stream', () => read({ EventSourceArn: STREAM }), /'startingPosition' failed to satisfy/],
    [
      'a position that is none',
      () => stream({ StartingPosition: 'FIRST' }),
      /Value 'FIRST' at 'startingPosition'.*\[LATEST, AT_TIMESTAMP, TRIM_HORIZON\]/,
    ],
    [
      'a time without its position',
      () => stream({ StartingPositionTimestamp: 1 }),
      /only valid with StartingPosition AT_TIMESTAMP/,
    ],
    [
      'a position without its time',
      () => stream({ StartingPosition: 'AT_TIMESTAMP' }),
      /needs a StartingPositionTimestamp/,
    ],
    [
      'a time before all times',
      () => stream({ StartingPosition: 'AT_TIMESTAMP', StartingPositionTimestamp: -1 }),
      /can not be converted to a Timestamp/,
    ],
    ['the first of times', () => stream({ StartingPosition: 'AT_TIMESTAMP', StartingPositionTimestamp: 0 }), undefined],
    [
      'a time in a table',
      () => stream({ EventSourceArn: TABLE_STREAM, StartingPosition: 'AT_TIMESTAMP', StartingPositionTimestamp: 1 }),
      /Unsupported starting position/,
    ],
    [
      'windows in lanes',
      () => stream({ TumblingWindowInSeconds: 1, ParallelizationFactor: 2 }),
      /a shard has one state/,
    ],
    ['10 filters', () => queue({ FilterCriteria: { Filters: Array(10).fill({ Pattern: '{}' }) } }), undefined],
    [
      '11 filters',
      () => queue({ FilterCriteria: { Filters: Array(11).fill({ Pattern: '{}' }) } }),
      /at most 10 filters, not 11/,
    ],
    [
      'a filter that is none',
      () => queue({ FilterCriteria: { Filters: [{ Pattern: '{' }] } }),
      /^Invalid filter pattern definition\. /,
    ],
    ['another answer', () => queue({ FunctionResponseTypes: ['All'] }), /Value '\[All\]' at 'functionResponseTypes'/],
    [
      'a place for what succeeds',
      () => stream({ DestinationConfig: { OnSuccess: { Destination: QUEUE } } }),
      /Unsupported DestinationConfig/,
    ],
    [
      'failures to a FIFO queue',
      () => stream({ DestinationConfig: { OnFailure: { Destination: `${QUEUE}.fifo` } } }),
      /destination=.*\.fifo\)\) is invalid/,
    ],
    [
      'failures to a bucket',
      () => stream({ DestinationConfig: { OnFailure: { Destination: 'arn:aws:s3:::b' } } }),
      undefined,
    ],
    [
      'failures to a function',
      () => stream({ DestinationConfig: { OnFailure: { Destination: DEFINITION.arn } } }),
      /is invalid/,
    ],
    [
      'both ways to scale',
      () => queue({ ScalingConfig: { MaximumConcurrency: 2 }, ProvisionedPollerConfig: { MinimumPollers: 1 } }),
      /exclude each other/,
    ],
    ...[
      'BisectBatchOnFunctionError',
      'DestinationConfig',
      'MaximumRecordAgeInSeconds',
      'MaximumRetryAttempts',
      'ParallelizationFactor',
      'TumblingWindowInSeconds',
    ].map((name): [string, () => unknown, RegExp] => [
      `${name} of a queue`,
      () => queue({ [name]: name.startsWith('B') ? true : name.startsWith('D') ? { OnFailure: {} } : 1 }),
      new RegExp(`Unsupported '${name.charAt(0).toLowerCase()}${name.slice(1)}' parameter`),
    ]),
    [
      'ScalingConfig of a stream',
      () => stream({ ScalingConfig: { MaximumConcurrency: 2 } }),
      /Unsupported 'scalingConfig'/,
    ],
    [
      'nothing of what a queue has not',
      () => queue({ BisectBatchOnFunctionError: false, DestinationConfig: {} }),
      undefined,
    ],
  ])('or not: %s', (_, set, text) => {
    if (text === undefined) expect(set).not.toThrow();
    else expect(set).toThrow(text);
  });
});

describe('the source of a mapping', () => {
  const missing = (code: string) => Object.assign(Object.create(AwsCallError.prototype), { code, message: code });
  it.each([
    [
      QUEUE,
      'sqs GetQueueAttributes',
      { QueueUrl: `http://127.0.0.1/${ACCOUNT}/work`, AttributeNames: ['VisibilityTimeout'] },
      'QueueDoesNotExist',
      /^Error occurred while ReceiveMessage/,
    ],
    [
      STREAM,
      'kinesis DescribeStreamSummary',
      { StreamName: 'log' },
      'ResourceNotFoundException',
      /Stream log under account 111122223333 not found/,
    ],
    [
      CONSUMER,
      'kinesis DescribeStreamConsumer',
      { ConsumerARN: CONSUMER },
      'ResourceNotFoundException',
      /^Stream consumer not found: /,
    ],
    [
      TABLE_STREAM,
      'streams DescribeStream',
      { StreamArn: TABLE_STREAM },
      'ResourceNotFoundException',
      /^Stream not found: /,
    ],
  ])('%s has to be there', async (eventSourceArn, call, body, code, text) => {
    const config = { ...queue(), eventSourceArn };
    const there = noting();
    await checkSource(config, DEFINITION, there.context);
    expect(there.asked).toEqual([[...call.split(' '), body]]);
    await expect(checkSource(config, DEFINITION, noting(() => missing(code)).context)).rejects.toThrow(text);
    const other = missing('Throttled');
    await expect(checkSource(config, DEFINITION, noting(() => other).context)).rejects.toBe(other);
  });

  it.each([
    ['30', 30_000, undefined],
    ['29', 30_000, 'Queue visibility timeout: 29 seconds is less than Function timeout: 30 seconds'],
    [undefined, 30_000, undefined],
    [undefined, 31_000, 'Queue visibility timeout: 30 seconds is less than Function timeout: 31 seconds'],
  ])('hides messages for %s s, of a function that takes %i ms', async (VisibilityTimeout, timeoutMs, text) => {
    const Attributes = VisibilityTimeout === undefined ? {} : { VisibilityTimeout };
    const check = checkSource(queue(), { ...DEFINITION, timeoutMs }, noting(() => ({ Attributes })).context);
    if (text === undefined) await check;
    else await expect(check).rejects.toThrow(text);
  });

  const log = ['GetRecords', 'GetShardIterator', 'DescribeStream', 'ListShards'].map(
    (name) => `kinesis:${name} ${STREAM}`,
  );
  const table = [
    ...['GetRecords', 'GetShardIterator', 'DescribeStream'].map((name) => `dynamodb:${name} ${TABLE_STREAM}`),
    'dynamodb:ListStreams *',
  ];
  it.each<[string, string | undefined, readonly string[]]>([
    [QUEUE, undefined, ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'].map((name) => `sqs:${name} ${QUEUE}`)],
    [STREAM, undefined, log],
    [CONSUMER, undefined, [`kinesis:SubscribeToShard ${CONSUMER}`]],
    [TABLE_STREAM, undefined, table],
    [STREAM, QUEUE, [...log, `sqs:SendMessage ${QUEUE}`]],
    [STREAM, 'arn:aws:sns:r:a:t', [...log, 'sns:Publish arn:aws:sns:r:a:t']],
    [STREAM, 'arn:aws:s3:::b', [...log, 's3:PutObject arn:aws:s3:::b/*']],
  ])('%s, failures to %s: the role must allow', (eventSourceArn, onFailureArn, asked) => {
    const config = { ...queue(), eventSourceArn, onFailureArn };
    const ask = (allowed: boolean) => {
      const questions: string[] = [];
      const wouldRefuse = (_: unknown, action: string, resource: string) => {
        questions.push(`${action} ${resource}`);
        return allowed ? undefined : { action, resource };
      };
      return { questions, said: missingPermissions(config, DEFINITION, { wouldRefuse } as never) };
    };
    expect(ask(true)).toEqual({ questions: asked, said: [] });
    expect(ask(false).said).toEqual(
      asked.map(
        (one) =>
          `Function work: its role ${DEFINITION.roleArn} must allow ${one.replace(' ', ' on ')} for its event source mapping.`,
      ),
    );
  });
});
