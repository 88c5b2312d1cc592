import { describe, expect, it } from 'vitest';
import { arnOf, graphOfWritten, type Written } from '../template-of.ts';

const elsewhere = (service: string, resource: string) => `arn:aws:${service}:eu-west-1:111122223333:${resource}`;
const STORES: Written = {
  Queue: ['AWS::SQS::Queue'],
  Log: ['AWS::Kinesis::Stream'],
  Fast: ['AWS::Kinesis::StreamConsumer', { StreamARN: arnOf('Log') }],
  Table: ['AWS::DynamoDB::Table'],
  Global: ['AWS::DynamoDB::GlobalTable'],
  Param: ['AWS::MSK::Cluster'],
};
const streamArn = (id: string) => ({ 'Fn::GetAtt': [id, 'StreamArn'] });
const mappingOf = (type: string, properties: object) =>
  graphOfWritten({ ...STORES, One: [type, properties] }).mappings[0];

describe('a mapping', () => {
  it.each<[string, object, object]>([
    ['a queue', { EventSourceArn: arnOf('Queue') }, { kind: 'queue', batchSize: 10, queue: expect.anything() }],
    [
      'a queue of elsewhere',
      { EventSourceArn: elsewhere('sqs', 'x') },
      { kind: 'queue', batchSize: 10, queue: undefined },
    ],
    [
      'a stream',
      { EventSourceArn: arnOf('Log') },
      { kind: 'stream', batchSize: 100, stream: expect.anything(), fanOut: false },
    ],
    [
      'a stream by a consumer',
      { EventSourceArn: { Ref: 'Fast' } },
      { kind: 'stream', stream: expect.anything(), fanOut: true },
    ],
    [
      'a stream of elsewhere',
      { EventSourceArn: elsewhere('kinesis', 'stream/x') },
      { kind: 'stream', batchSize: 100, stream: undefined },
    ],
    [
      'a table',
      { EventSourceArn: streamArn('Table') },
      { kind: 'stream', batchSize: 100, table: expect.anything(), stream: undefined },
    ],
    ['a global table', { EventSourceArn: streamArn('Global') }, { kind: 'stream', table: expect.anything() }],
    [
      'a table of elsewhere',
      { EventSourceArn: elsewhere('dynamodb', 'table/x/stream/2026') },
      { kind: 'stream', batchSize: 100, table: undefined },
    ],
    ['what is known at deployment', { EventSourceArn: { Ref: 'P' } }, { kind: 'queue' }],
    [
      'what is known at deployment and has a beginning',
      { EventSourceArn: { Ref: 'P' }, StartingPosition: 'LATEST' },
      { kind: 'stream' },
    ],
    ['a cluster', { EventSourceArn: { Ref: 'Param' } }, { kind: 'other' }],
    ...['Topics', 'Queues', 'SelfManagedEventSource', 'DocumentDBEventSourceConfig'].map(
      (name): [string, object, object] => [
        `what has ${name}`,
        { [name]: ['x'], StartingPosition: 'LATEST' },
        { kind: 'other' },
      ],
    ),
  ])('reads %s', (_, properties, known) => {
    expect(mappingOf('AWS::Lambda::EventSourceMapping', properties)).toMatchObject({ by: 'mapping', ...known });
  });

  it('has the settings that nobody writes', () => {
    const known = {
      windowSeconds: 0,
      parallelization: 1,
      retries: -1,
      maxAgeSeconds: -1,
      maximumConcurrency: undefined,
    };
    const silent = { reportsFailures: false, bisects: false, hasFailureDestination: false, filters: [] };
    expect(mappingOf('AWS::Lambda::EventSourceMapping', { EventSourceArn: arnOf('Log') })).toMatchObject({
      ...known,
      ...silent,
    });
  });

  it('knows of its function how long it takes', () => {
    const { functions } = graphOfWritten({
      Silent: ['AWS::Lambda::Function'],
      Said: ['AWS::Lambda::Function', { Timeout: '60', ReservedConcurrentExecutions: 2 }],
      Open: ['AWS::Lambda::Function', { Timeout: { Ref: 'P' }, ReservedConcurrentExecutions: { Ref: 'P' } }],
    });
    expect(functions.map(({ timeoutSeconds, reserved }) => [timeoutSeconds, reserved])).toEqual([
      [3, undefined],
      [60, 2],
      [undefined, undefined],
    ]);
  });
});

describe('a pipe', () => {
  const NAMES = { queue: 'SqsQueueParameters', log: 'KinesisStreamParameters', table: 'DynamoDBStreamParameters' };
  it.each<[string, unknown, string, object]>([
    ['a queue', arnOf('Queue'), NAMES.queue, { kind: 'queue', batchSize: 10, queue: expect.anything() }],
    ['a queue of elsewhere', elsewhere('sqs', 'x'), NAMES.queue, { kind: 'queue', batchSize: 10 }],
    ['a stream', arnOf('Log'), NAMES.log, { kind: 'stream', batchSize: 100, stream: expect.anything() }],
    ['a stream of elsewhere', elsewhere('kinesis', 'stream/x'), NAMES.log, { kind: 'stream', batchSize: 100 }],
    ['a table', streamArn('Table'), NAMES.table, { kind: 'stream', batchSize: 100, table: expect.anything() }],
    ['a global table', streamArn('Global'), NAMES.table, { kind: 'stream', batchSize: 100 }],
    [
      'a table of elsewhere',
      elsewhere('dynamodb', 'table/x/stream/2026'),
      NAMES.table,
      { kind: 'stream', batchSize: 100 },
    ],
  ])('reads %s', (_, Source, name, known) => {
    expect(mappingOf('AWS::Pipes::Pipe', { Source })).toMatchObject({
      by: 'pipe',
      prefix: `SourceParameters.${name}.`,
      ...known,
    });
    const said = {
      BatchSize: 7,
      MaximumBatchingWindowInSeconds: 3,
      ParallelizationFactor: 2,
      MaximumRetryAttempts: 4,
      MaximumRecordAgeInSeconds: 60,
    };
    expect(mappingOf('AWS::Pipes::Pipe', { Source, SourceParameters: { [name]: said } })).toMatchObject({
      ...{ batchSize: 7, windowSeconds: 3, parallelization: 2, retries: 4, maxAgeSeconds: 60 },
    });
  });

  it.each(Object.values(NAMES))('reads what its %s say where its source is known at deployment', (name) => {
    const found = mappingOf('AWS::Pipes::Pipe', {
      Source: { Ref: 'P' },
      SourceParameters: { [name]: { BatchSize: 3 } },
    });
    expect(found).toMatchObject({ kind: name === NAMES.queue ? 'queue' : 'stream', batchSize: 3 });
  });

  it('is none that is looked at where its source is another', () => {
    expect(mappingOf('AWS::Pipes::Pipe', { Source: elsewhere('mq', 'broker:x') })).toBeUndefined();
  });
});
