import { OUTBOX_TABLE } from '../../contracts/agreed/tables.ts';
import type { Outbox } from '../../contracts/channels/outbox.ts';
import type { Runtime } from '../../runtime/invocation/runtime.ts';
import { relayOutbox, sweepOutbox } from '../../runtime/outbox/relay-handlers.ts';
import type { FunctionSpec, HandlerFunction, LambdaHost } from '../lambda/instances.ts';
import type { MappingFaults } from '../lambda/queue-mapping.ts';
import { dynamodbRecord, streamMapping } from '../lambda/stream-mapping.ts';
import type { Change, MemoryDynamodb } from '../services/dynamodb.ts';
import { memoryStream } from '../services/streams.ts';
import type { World } from '../world/world.ts';

export const OUTBOX_NAME = 'outbox';
export const OUTBOX_SPEC = {
  name: OUTBOX_NAME,
  partitionKey: OUTBOX_TABLE.partitionKey,
  sortKey: OUTBOX_TABLE.sortKey,
  index: OUTBOX_TABLE.unpublishedIndex,
};

/** As `OutboxTable` deploys them. */
const SWEEP_EVERY_MILLIS = 60_000;
const TIMEOUT_MILLIS = 30_000;
const RELAY_RETRIES = 10;
const RELAY_BATCH = 100;
/** From the commit to the stream. */
const STREAM_DELAY_MILLIS = 20;

/** An outbox in a test: its relay, and its sweeper while rows wait. */
export interface TestedOutbox {
  readonly committed: (changes: readonly Change[]) => void;
  /** Rows that are not published yet. */
  readonly waiting: () => number;
  readonly isIdle: () => boolean;
}

export function deployOutbox(
  box: Outbox,
  {
    world,
    host,
    env,
    dynamodb,
    faults,
    placed,
  }: {
    readonly world: World;
    readonly host: LambdaHost;
    readonly env: Readonly<Record<string, string>>;
    readonly dynamodb: () => Pick<MemoryDynamodb, 'items'>;
    readonly faults: MappingFaults;
    readonly placed: (start: (runtime: Runtime) => HandlerFunction) => FunctionSpec['start'];
  },
): TestedOutbox {
  const stream = memoryStream(world, 1);
  const spec = (name: string, make: (runtime: Runtime) => unknown): FunctionSpec => ({
    name,
    env,
    timeoutMillis: TIMEOUT_MILLIS,
    start: placed(make as (runtime: Runtime) => HandlerFunction),
  });
  const relay = spec('outbox-relay', (runtime) => relayOutbox(box, runtime));
  const sweeper = spec('outbox-sweeper', (runtime) => sweepOutbox(box, undefined, runtime));
  const options = {
    batchSize: RELAY_BATCH,
    maximumRetries: RELAY_RETRIES,
    recordOf: dynamodbRecord,
    // Given up by the stream, not lost: the sweeper finds the rows.
    discarded: () => undefined,
  };
  const mapping = streamMapping(world, host, stream, relay, options, faults);
  const waiting = () =>
    dynamodb()
      .items(OUTBOX_NAME)
      .filter((row) => row.unpublished !== undefined).length;
  let isScheduled = false;
  /** Rows between the table and its stream. */
  let onTheirWay = 0;
  function sweepLater(): void {
    if (isScheduled) return;
    isScheduled = true;
    world.after(SWEEP_EVERY_MILLIS, () => {
      isScheduled = false;
      if (waiting() === 0) return;
      host.invoke(sweeper, {}, () => undefined);
      sweepLater();
    });
  }
  return {
    waiting,
    isIdle: () => onTheirWay === 0 && mapping.isIdle(),
    committed(changes) {
      for (const { table, before, after } of changes) {
        if (table !== OUTBOX_NAME || after?.body === undefined || before?.body?.S === after.body.S) continue;
        sweepLater();
        const record = { arrivedAt: world.now(), bytes: 0, event: { NewImage: after } };
        onTheirWay += 1;
        world.after(STREAM_DELAY_MILLIS, () => {
          onTheirWay -= 1;
          stream.append('', record);
        });
      }
    },
  };
}
