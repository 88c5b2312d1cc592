import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { INBOX_TABLE } from '../../contracts/agreed/tables.ts';
import type { Channel } from '../../contracts/channels/channel.ts';
import { toMillis } from '../../contracts/declaring/duration.ts';
import type { AwsCall } from '../../runtime/aws/calls/call.ts';
import type { Runtime } from '../../runtime/invocation/runtime.ts';
import { type Service, wire } from '../calls/wire.ts';
import { endedWith, type HandlerFunction, type Instance, type LambdaHost, lambdaHost } from '../lambda/instances.ts';
import type { MappingFaults } from '../lambda/queue-mapping.ts';
import { memoryDynamodb } from '../services/dynamodb.ts';
import type { Item } from '../services/expressions.ts';
import { memoryS3 } from '../services/s3.ts';
import { memoryScheduler } from '../services/scheduler.ts';
import { memorySns } from '../services/sns.ts';
import { memorySqs, type QueueEvents, type QueueSpec } from '../services/sqs.ts';
import { memoryKinesis, memoryStream } from '../services/streams.ts';
import { calm, chanceOf } from '../world/chance.ts';
import { createWorld, EPOCH, type Owner, STREAM } from '../world/world.ts';
import { CLAIMS_NAME, DEAD_LETTER_BUCKET_NAME, environmentOf, INBOX_NAME, plainQueue } from './addresses.ts';
import { disturbances } from './disturbances.ts';
import type { TestOptions } from './options.ts';
import { deployOutbox, OUTBOX_SPEC } from './outbox.ts';
import { inPlace, withDateAndEnvironment } from './place.ts';
import { publishedEvents } from './published.ts';
import { runnerOf } from './time.ts';

const DEFAULT_PATIENCE_MILLIS = 1_000;
const PAGE = 1_000;
/** Where jitter leaves nothing of a wait out. */
const NO_JITTER = 1 - 2 ** -53;

/** What a consumer brings that is under test. */
export interface AccountParts {
  readonly queues?: readonly QueueSpec[];
  readonly queueEvents?: Partial<QueueEvents>;
  /** Queues that topics deliver to. */
  readonly feeds?: readonly { readonly topic: string; readonly queue: string; readonly types: readonly string[] }[];
  /** Logs by their names, and how many shards they have. */
  readonly logs?: Readonly<Record<string, number>>;
  /** Variables of the function, beside those that every function has here. */
  readonly env?: Readonly<Record<string, string>>;
  /** Told of each message that is settled. */
  readonly settled?: NonNullable<Runtime['settled']>;
  /** Functions that are called by name. */
  readonly functions?: (name: string) => void;
}

export type Account = ReturnType<typeof openAccount>;

/** An account in memory: services, functions, and a time of its own. */
export function openAccount(options: TestOptions, parts: AccountParts) {
  const { tables = {}, seed, outbox } = options;
  const channels = [
    ...new Map([...(options.channels ?? []), ...(outbox?.publishes ?? [])].map((c) => [c.name, c])).values(),
  ];
  const world = createWorld(seed === undefined ? calm() : chanceOf(seed, STREAM.schedule));
  const faults = disturbances();
  const patience = options.patience === undefined ? DEFAULT_PATIENCE_MILLIS : toMillis(options.patience);
  const runner = runnerOf(world, patience);
  const lines: string[] = [];

  const dynamodb = memoryDynamodb(
    world,
    [
      { name: INBOX_NAME, partitionKey: INBOX_TABLE.partitionKey },
      ...(outbox === undefined ? [] : [OUTBOX_SPEC]),
      ...Object.entries(tables).map(([name, { items: _, ...spec }]) => ({ name, ...spec })),
    ],
    {
      pageSize: PAGE,
      onCommit: (changes) => box?.committed(changes),
      ...(seed === undefined ? { collisions: 0 } : {}),
    },
  );
  const ofKind = <K extends Channel['kind']>(kind: K) =>
    channels.filter((channel): channel is Extract<Channel, { kind: K }> => channel.kind === kind);
  const own = new Set(parts.queues?.map(({ name }) => name));
  const sqs = memorySqs(
    world,
    [
      ...(parts.queues ?? []),
      ...ofKind('queue')
        .filter(({ name }) => !own.has(name))
        .map(plainQueue),
    ],
    {
      received: (queue, message) => parts.queueEvents?.received?.(queue, message),
      redriven: (queue, message) => parts.queueEvents?.redriven?.(queue, message),
      accepted(queue, message) {
        parts.queueEvents?.accepted?.(queue, message);
        published.took(queue, message.body);
      },
    },
  );
  const streams = new Map(
    Object.entries({ ...Object.fromEntries(ofKind('log').map(({ name }) => [name, 1])), ...parts.logs }).map(
      ([name, shards]) => [name, memoryStream(world, shards)],
    ),
  );
  const s3 = memoryS3([CLAIMS_NAME, DEAD_LETTER_BUCKET_NAME, ...(options.buckets ?? [])]);
  const scheduler = memoryScheduler(world, sqs);
  const topics = ofKind('topic').map(({ name, order }) => ({
    name,
    fifo: order === 'per-key',
    subscribers: (parts.feeds ?? []).filter(({ topic }) => topic === name),
  }));
  const services: Readonly<Record<string, Service>> = {
    dynamodb: dynamodb.call,
    sqs: sqs.call,
    s3: s3.call,
    scheduler: scheduler.call,
    sns: memorySns(world, topics, sqs, (topic, body) => published.took(topic, body)).call,
    kinesis: memoryKinesis(world, streams, (name, data) => published.took(name, data)).call,
    lambda(_operation, input) {
      parts.functions?.((input as { FunctionName: string }).FunctionName);
      return {};
    },
  };
  const env = { ...environmentOf(channels, outbox), ...parts.env, ...options.env };
  /** Without a way: for what the test itself looks at. */
  const direct: AwsCall = async (service, operation, input) => services[service]?.(operation, input);
  const published = publishedEvents(channels, { aws: direct, env: (name) => env[name] }, world.now);

  const deliveries = new Set<object>();
  const failures: Error[] = [];
  const lambdas = lambdaHost(world, {
    callFor: (owner) => calls.callFor(owner),
    chance: seed === undefined ? { ...calm(), next: () => NO_JITTER } : chanceOf(seed, STREAM.runtime),
    skews: [],
    leftOpen: () => undefined,
    died: () => undefined,
  });
  const calls = wire(world, { services, faults, kill: lambdas.kill, disturbed: () => undefined });
  const host: LambdaHost = {
    ...lambdas,
    invoke(spec, event, ended) {
      const delivery = {};
      deliveries.add(delivery);
      return lambdas.invoke(spec, event, (ending) => {
        deliveries.delete(delivery);
        if (ending.kind === 'failed') failures.push(endedWith(ending));
        ended(ending);
      });
    },
  };

  const runtimeFor = (owner: Owner, runtime: Runtime): Runtime => ({
    ...runner.watched(owner, runtime),
    write: (line) => void lines.push(line),
    settled: parts.settled,
  });
  /** A function that runs in the place of this test. */
  const placed =
    (make: (runtime: Runtime) => HandlerFunction) =>
    (runtime: Runtime, instance: Instance): HandlerFunction => {
      const here = runtimeFor(instance, runtime);
      const handler = inPlace(here, () => make(here));
      return (event, context) => runner.running(instance, () => inPlace(here, () => handler(event, context)));
    };
  const mappingFaults: MappingFaults = { plan: faults, next: () => 0, isThrottled: () => false };
  const box =
    outbox === undefined
      ? undefined
      : deployOutbox(outbox, { world, host, env, dynamodb: () => dynamodb, faults: mappingFaults, placed });

  for (const [name, { items = [] }] of Object.entries(tables)) {
    for (const item of items) dynamodb.call('PutItem', { TableName: name, Item: marshalled(item) });
  }

  return {
    ...{
      world,
      dynamodb,
      sqs,
      streams,
      s3,
      host,
      runner,
      faults,
      mappingFaults,
      placed,
      env,
      lines,
      published,
      direct,
      box,
    },
    /** Why invocations did not answer, in their order. */
    failures,
    runtimeFor,
    /** Whether nothing is under way. */
    isIdle: (): boolean => deliveries.size === 0 && (box?.isIdle() ?? true),
    /** What has not come to its end, in words. */
    unfinished: (): string[] => [
      ...(scheduler.waiting() > 0 ? [`${scheduler.waiting()} schedule(s) have not fired`] : []),
      ...((box?.waiting() ?? 0) > 0 ? [`${box?.waiting()} row(s) wait in the outbox`] : []),
    ],
    /** Lets things happen, see `Runner`; afterwards what was published has been read. */
    until: (isOver: () => boolean, limitMillis: number): Promise<boolean> =>
      withDateAndEnvironment(env, async () => {
        const holds = await runner.until(isOver, limitMillis);
        await published.read();
        return holds;
      }),
    item(table: string, key: Readonly<Record<string, unknown>>): Record<string, unknown> | undefined {
      const { Item } = dynamodb.call('GetItem', { TableName: table, Key: marshalled(key) }) as { Item?: Item };
      return Item === undefined ? undefined : unmarshalled(Item);
    },
    items: (table: string): Record<string, unknown>[] => dynamodb.items(table).map(unmarshalled),
    elapsedMillis: (): number => world.now() - EPOCH,
  };
}

const marshalled = (item: object): Item => marshall(item, { removeUndefinedValues: true }) as unknown as Item;
const unmarshalled = (item: Item): Record<string, unknown> => unmarshall(item as never);
