import {
  CreateEventSourceMappingCommand,
  type CreateEventSourceMappingCommandInput,
  DeleteEventSourceMappingCommand,
  GetEventSourceMappingCommand,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { expect } from 'vitest';
import { lambda, queue } from '../engine/support.ts';
import { conformanceApp, failure, until } from './app.ts';
import { conforms } from './conforms.ts';

const app = conformanceApp();
const [work, short, fifo, log, table] = ['Work', 'Short', 'Fifo', 'Log', 'Table'] as const;
app.add({
  ...lambda('Target', 'exports.handler = async () => {};', { Timeout: 10 }),
  ...lambda('Other', 'exports.handler = async () => {};', { Timeout: 10 }),
  ...queue(work, { VisibilityTimeout: 60 }),
  ...queue(short, { VisibilityTimeout: 5 }),
  ...queue(fifo, { FifoQueue: true }),
  [log]: { Type: 'AWS::Kinesis::Stream', Properties: { ShardCount: 1 } },
  [table]: {
    Type: 'AWS::DynamoDB::Table',
    Properties: {
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      StreamSpecification: { StreamViewType: 'KEYS_ONLY' },
    },
  },
});

type Settings = Partial<Omit<CreateEventSourceMappingCommandInput, 'StartingPosition' | 'FunctionResponseTypes'>> & {
  StartingPosition?: string;
  FunctionResponseTypes?: string[];
};
const create = (source: string, settings: Settings = {}, functionId = 'Target') =>
  app.clients.lambda.send(
    new CreateEventSourceMappingCommand({
      FunctionName: app.physical(functionId),
      EventSourceArn: source.startsWith('arn:')
        ? source
        : app.attribute(source, source === table ? 'StreamArn' : 'Arn'),
      ...settings,
    } as CreateEventSourceMappingCommandInput),
  );
const FROM_START = { StartingPosition: 'TRIM_HORIZON' };

/** The mapping is refused as an InvalidParameterValueException (unless another name is given) with this message. */
async function refused(source: string, settings: Settings, message: string, name = 'InvalidParameterValueException') {
  const error = await failure(create(source, settings));
  expect(error).toMatchObject({ name, $metadata: { httpStatusCode: 400 } });
  expect(error.message).toContain(message);
}
const violated = (source: string, settings: Settings, value: string | number, name: string, rule: string) =>
  refused(
    source,
    settings,
    `1 validation error detected: Value '${value}' at '${name}' failed to satisfy constraint: ${rule}`,
    'ValidationException',
  );
const AT_LEAST = 'Member must have value greater than or equal to';
const AT_MOST = 'Member must have value less than or equal to';

conforms(
  'Mapping API: a queue mapping with a batch size above 10 needs a batching window',
  { source: 'lambda-sqs-config' },
  () =>
    refused(
      work,
      { BatchSize: 11 },
      'Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10',
    ),
);
conforms(
  'Mapping API: a FIFO queue mapping has a batch size of at most 10',
  { source: 'lambda-sqs-config', remark: "The engine's own wording." },
  () => refused(fifo, { BatchSize: 11 }, 'Batch size must be 1 to 10 for a FIFO queue'),
);
conforms('Mapping API: a FIFO queue mapping has no batching window', { source: 'lambda-sqs-config' }, () =>
  refused(fifo, { MaximumBatchingWindowInSeconds: 1 }, 'Batching window is not supported for FIFO queues'),
);
conforms('Mapping API: BatchSize is 1 to 10,000', { source: 'lambda-mapping-api' }, async () => {
  await violated(work, { BatchSize: 0 }, 0, 'batchSize', `${AT_LEAST} 1`);
  await violated(log, { ...FROM_START, BatchSize: 10_001 }, 10_001, 'batchSize', `${AT_MOST} 10000`);
});
conforms('Mapping API: MaximumBatchingWindowInSeconds is 0 to 300', { source: 'lambda-mapping-api' }, () =>
  violated(work, { MaximumBatchingWindowInSeconds: 301 }, 301, 'maximumBatchingWindowInSeconds', `${AT_MOST} 300`),
);
conforms('Mapping API: MaximumConcurrency is 2 to 1,000', { source: 'lambda-sqs-scaling' }, async () => {
  const name = 'scalingConfig.maximumConcurrency';
  await violated(work, { ScalingConfig: { MaximumConcurrency: 1 } }, 1, name, `${AT_LEAST} 2`);
  await violated(work, { ScalingConfig: { MaximumConcurrency: 1001 } }, 1001, name, `${AT_MOST} 1000`);
});
conforms(
  'Mapping API: MaximumConcurrency and provisioned mode exclude each other',
  {
    source: 'lambda-sqs-scaling',
    remark: "The engine's own wording; provisioned mode itself is accepted and changes nothing.",
  },
  () =>
    refused(
      work,
      { ScalingConfig: { MaximumConcurrency: 5 }, ProvisionedPollerConfig: { MinimumPollers: 2 } },
      'ScalingConfig and ProvisionedPollerConfig exclude each other',
    ),
);
conforms('Mapping API: MaximumConcurrency is for queues only', { source: 'lambda-mapping-api' }, () =>
  refused(
    log,
    { ...FROM_START, ScalingConfig: { MaximumConcurrency: 5 } },
    "Unsupported 'scalingConfig' parameter for given event source mapping type.",
  ),
);
conforms(
  'Mapping API: bisecting, retries, record age, parallelization, windows and destinations are for streams only',
  { source: 'lambda-mapping-api' },
  async () => {
    const settings: Readonly<Record<string, Settings>> = {
      bisectBatchOnFunctionError: { BisectBatchOnFunctionError: true },
      maximumRetryAttempts: { MaximumRetryAttempts: 2 },
      maximumRecordAgeInSeconds: { MaximumRecordAgeInSeconds: 60 },
      parallelizationFactor: { ParallelizationFactor: 2 },
      tumblingWindowInSeconds: { TumblingWindowInSeconds: 10 },
      destinationConfig: { DestinationConfig: { OnFailure: { Destination: app.attribute(short, 'Arn') } } },
    };
    for (const [name, setting] of Object.entries(settings))
      await refused(work, setting, `Unsupported '${name}' parameter for given event source mapping type.`);
  },
);
conforms('Mapping API: the only response type is ReportBatchItemFailures', { source: 'lambda-mapping-api' }, () =>
  violated(
    work,
    { FunctionResponseTypes: ['ReportEverything'] },
    '[ReportEverything]',
    'functionResponseTypes',
    'Member must satisfy constraint: [Member must satisfy enum value set: [ReportBatchItemFailures]]',
  ),
);
conforms(
  "Mapping API: a function timeout above the queue's visibility timeout is refused",
  { source: 'lambda-sqs-config' },
  () => refused(short, {}, 'Queue visibility timeout: 5 seconds is less than Function timeout: 10 seconds'),
);
conforms('Mapping API: a stream needs a StartingPosition', { source: 'recorded' }, () =>
  refused(log, {}, "Value null at 'startingPosition' failed to satisfy constraint: Member must not be null."),
);
conforms('Mapping API: StartingPosition is LATEST, AT_TIMESTAMP or TRIM_HORIZON', { source: 'recorded' }, () =>
  violated(
    log,
    { StartingPosition: 'NEWEST' },
    'NEWEST',
    'startingPosition',
    'Member must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]',
  ),
);
conforms('Mapping API: a queue has no StartingPosition', { source: 'recorded' }, () =>
  refused(work, FROM_START, 'StartingPosition is not valid for SQS event sources.'),
);
conforms('Mapping API: a timestamp is only valid with AT_TIMESTAMP', { source: 'recorded' }, () =>
  refused(
    log,
    { ...FROM_START, StartingPositionTimestamp: new Date() },
    'Timestamp only valid with StartingPosition AT_TIMESTAMP',
  ),
);
conforms('Mapping API: DynamoDB streams have no AT_TIMESTAMP', { source: 'recorded' }, () =>
  refused(
    table,
    { StartingPosition: 'AT_TIMESTAMP', StartingPositionTimestamp: new Date() },
    `Unsupported starting position for arn type: ${app.attribute(table, 'StreamArn')}`,
  ),
);
conforms('Mapping API: a negative timestamp is refused', { source: 'recorded' }, () =>
  refused(
    log,
    { StartingPosition: 'AT_TIMESTAMP', StartingPositionTimestamp: new Date(-1000) },
    'class java.lang.Long can not be converted to a Timestamp',
  ),
);
conforms('Mapping API: the ranges of stream settings', { source: 'lambda-mapping-api' }, async () => {
  const over = (settings: Settings, value: number, name: string, most: number) =>
    violated(log, { ...FROM_START, ...settings }, value, name, `${AT_MOST} ${most}`);
  await over({ ParallelizationFactor: 11 }, 11, 'parallelizationFactor', 10);
  await over({ MaximumRetryAttempts: 10_001 }, 10_001, 'maximumRetryAttempts', 10_000);
  await over({ MaximumRecordAgeInSeconds: 604_801 }, 604_801, 'maximumRecordAgeInSeconds', 604_800);
  await over({ TumblingWindowInSeconds: 901 }, 901, 'tumblingWindowInSeconds', 900);
  await violated(log, { ...FROM_START, MaximumRetryAttempts: -2 }, -2, 'maximumRetryAttempts', `${AT_LEAST} -1`);
});
conforms(
  'Mapping API: a record age is -1 or at least 60 seconds',
  { source: 'lambda-mapping-api', remark: "The engine's own wording." },
  () => refused(log, { ...FROM_START, MaximumRecordAgeInSeconds: 30 }, 'MaximumRecordAgeInSeconds must be -1 or 60'),
);
conforms(
  'Mapping API: failed records go to a standard queue, a standard topic or a bucket, and to nothing else',
  { source: 'lambda-kinesis-failure' },
  async () => {
    for (const Destination of [app.attribute('Other', 'Arn'), app.attribute(fifo, 'Arn'), 'arn:aws:events:x:y:z'])
      await refused(
        log,
        { ...FROM_START, DestinationConfig: { OnFailure: { Destination } } },
        `The provided destination config DestinationConfig(onSuccess=null, onFailure=OnFailure(destination=${Destination})) is invalid.`,
      );
  },
);
conforms('Mapping API: a mapping has no OnSuccess destination', { source: 'recorded' }, () =>
  refused(
    log,
    { ...FROM_START, DestinationConfig: { OnSuccess: { Destination: app.attribute(short, 'Arn') } } },
    'Unsupported DestinationConfig parameter for given event source mapping type.',
  ),
);
conforms('Mapping API: a filter pattern that is not valid is refused', { source: 'recorded' }, async () => {
  for (const Pattern of ['{', '[]', '{"body": "text"}', '{"body": [{"unknown": 1}]}'])
    await refused(work, { FilterCriteria: { Filters: [{ Pattern }] } }, 'Invalid filter pattern definition.');
});
conforms(
  'Mapping API: a function that is not there is ResourceNotFoundException',
  { source: 'lambda-mapping-api' },
  async () => {
    const error = await failure(create(work, { FunctionName: 'nobody' }));
    expect(error).toMatchObject({ name: 'ResourceNotFoundException', $metadata: { httpStatusCode: 404 } });
    expect(error.message).toBe('Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody');
  },
);
conforms('Mapping API: a source that is not there is refused', { source: 'lambda-mapping-api' }, async () => {
  await refused(
    'arn:aws:sqs:us-east-1:000000000000:nowhere',
    {},
    'SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist.',
  );
  await refused('arn:aws:kinesis:us-east-1:000000000000:stream/nowhere', FROM_START, 'Stream nowhere under account');
  await refused('arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/x', FROM_START, 'Stream not found');
  await refused('arn:aws:events:us-east-1:000000000000:rule/x', {}, 'Unrecognized event source');
});

conforms('Mapping API: a second mapping of a pair is ResourceConflictException', { source: 'recorded' }, async () => {
  const pairs = [
    [work, {}, 'An event source mapping with SQS arn', 'already exists.'],
    [log, FROM_START, 'The event source arn', 'provided mapping already exists.'],
    [table, FROM_START, 'The event source arn', 'provided mapping already exists.'],
  ] as const;
  for (const [source, settings, start, end] of pairs) {
    const { UUID, EventSourceArn } = await create(source, { ...settings, Enabled: false });
    const error = await failure(create(source, settings));
    expect(error).toMatchObject({ name: 'ResourceConflictException', $metadata: { httpStatusCode: 409 } });
    expect(error.message).toBe(
      `${start} (" ${EventSourceArn} ") and function (" ${app.physical('Target')} ") ${end} Please update or delete the existing mapping with UUID ${UUID}`,
    );
  }
});

conforms(
  'Mapping API: a mapping of a stream begins with the documented defaults',
  { source: 'lambda-mapping-api' },
  async () => {
    const created = await create(log, { ...FROM_START, Enabled: false }, 'Other');
    expect(created).toMatchObject({
      BatchSize: 100,
      MaximumBatchingWindowInSeconds: 0,
      ParallelizationFactor: 1,
      MaximumRetryAttempts: -1,
      MaximumRecordAgeInSeconds: -1,
      BisectBatchOnFunctionError: false,
      TumblingWindowInSeconds: 0,
      FunctionResponseTypes: [],
      StartingPosition: 'TRIM_HORIZON',
      LastProcessingResult: 'No records processed',
      StateTransitionReason: 'USER_INITIATED',
      $metadata: { httpStatusCode: 202 },
    });
  },
);

conforms(
  'Mapping API: a mapping is Creating, then Enabled; Updating or Disabling, then that; Deleting, then gone',
  {
    source: 'lambda-mapping-api',
  },
  async () => {
    const { UUID, State, BatchSize } = await create(work, {}, 'Other');
    expect([State, BatchSize]).toEqual(['Creating', 10]);
    const get = () => app.clients.lambda.send(new GetEventSourceMappingCommand({ UUID }));
    const becomes = (wanted: string) => until(wanted, async () => (await get()).State === wanted);
    const update = (settings: object) =>
      app.clients.lambda.send(new UpdateEventSourceMappingCommand({ UUID, ...settings }));
    await becomes('Enabled');
    expect(await update({ BatchSize: 5 })).toMatchObject({ State: 'Updating', BatchSize: 5 });
    const inUse = { name: 'ResourceInUseException', message: expect.stringContaining('because it is in use') };
    expect(await failure(update({ BatchSize: 6 }))).toMatchObject(inUse);
    await becomes('Enabled');
    expect(await update({ Enabled: false })).toMatchObject({ State: 'Disabling', BatchSize: 5 });
    await becomes('Disabled');
    const listed = await app.clients.lambda.send(
      new ListEventSourceMappingsCommand({
        FunctionName: app.physical('Other'),
        EventSourceArn: app.attribute(work, 'Arn'),
      }),
    );
    expect(listed.EventSourceMappings?.map((one) => one.UUID)).toEqual([UUID]);
    const removed = await app.clients.lambda.send(new DeleteEventSourceMappingCommand({ UUID }));
    expect(removed.State).toBe('Deleting');
    await until('the mapping to be gone', async () => {
      const error = await get().then(
        () => undefined,
        (reason: Error) => reason,
      );
      return error?.name === 'ResourceNotFoundException';
    });
  },
);

conforms(
  'Mapping API: an update is checked like a creation and changes nothing when it is refused',
  { source: 'lambda-mapping-api' },
  async () => {
    const { UUID } = await create(fifo, { Enabled: false, BatchSize: 3 });
    const error = await failure(
      app.clients.lambda.send(new UpdateEventSourceMappingCommand({ UUID, MaximumBatchingWindowInSeconds: 5 })),
    );
    expect(error).toMatchObject({ name: 'InvalidParameterValueException' });
    const mapping = await app.clients.lambda.send(new GetEventSourceMappingCommand({ UUID }));
    expect(mapping).toMatchObject({ BatchSize: 3, MaximumBatchingWindowInSeconds: 0, State: 'Disabled' });
  },
);
