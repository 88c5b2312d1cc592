import { INBOX_TABLE, OUTBOX_TABLE } from '../../../lib/contracts/agreed/tables.ts';
import { type Change, memoryDynamodb } from '../../../lib/testing/services/dynamodb.ts';
import type { Item } from '../../../lib/testing/services/expressions.ts';
import { memoryS3 } from '../../../lib/testing/services/s3.ts';
import type { Attributes } from '../../../lib/testing/services/sizes.ts';
import { memorySns } from '../../../lib/testing/services/sns.ts';
import { memorySqs, type QueueEvents, type QueueSpec, type StoredMessage } from '../../../lib/testing/services/sqs.ts';
import { memoryKinesis, memoryStream, type Shard } from '../../../lib/testing/services/streams.ts';
import { EPOCH, type World } from '../../../lib/testing/world/world.ts';
import { bodiesOf, type EventIdentity, identify, type Letter, type Received, STEPPED } from '../judging/journal.ts';
import type { LoggedEvent } from '../judging/lateness.ts';
import { contentOf } from '../judging/letters.ts';
import type { ListedFaults } from '../scenario/faults.ts';
import type { Scenario } from '../scenario/scenario.ts';
import {
  CLAIMS_BUCKET,
  DEAD_LETTER_BUCKET,
  INBOX,
  OUTBOX_TABLE_NAME,
  STATE_TABLE,
  STREAM_NAME,
  TOPIC_NAME,
} from './names.ts';
import { STUCK } from './outbox-spoilt.ts';
import { redriver } from './redrive.ts';
import type { Station } from './station.ts';

const CONTROL_ITEM = /^(breaker|mapping)!/;
const MAX_DUPLICATE_MILLIS = 8_000;
/** Rows of one aggregate may overtake each other on the way: a table's stream keeps order per item only. */
const STREAM_DELAY_MILLIS = { min: 10, max: 300 } as const;

const TABLES = [
  { name: INBOX, partitionKey: INBOX_TABLE.partitionKey },
  { name: STATE_TABLE, partitionKey: 'pk' },
  {
    name: OUTBOX_TABLE_NAME,
    partitionKey: OUTBOX_TABLE.partitionKey,
    sortKey: OUTBOX_TABLE.sortKey,
    index: OUTBOX_TABLE.unpublishedIndex,
  },
];

export type ObservedServices = ReturnType<typeof observedServices>;

/** The services of a run, and what they tell: every message taken in and every commit goes into the journals. */
export function observedServices(
  world: World,
  scenario: Scenario,
  stations: readonly Station[],
  plan: ListedFaults,
  queueSpecs: readonly QueueSpec[],
) {
  const stationOf = new Map(stations.map((station) => [station.plan.name, station]));
  const outboxRows: EventIdentity[] = [];
  const rowListeners: (() => void)[] = [];
  const controlListeners: (() => void)[] = [];
  const outages = scenario.faults.filter((fault) => fault.kind === 'stream-outage');
  const log = memoryStream(world, scenario.shards);
  const outboxStream = memoryStream(world, 1);
  const dynamodb = memoryDynamodb(world, TABLES, { pageSize: scenario.pageSize, onCommit: committed });
  const sqs = memorySqs(world, queueSpecs, queueEvents());
  const s3 = memoryS3([CLAIMS_BUCKET, DEAD_LETTER_BUCKET]);
  const lost = new Set(scenario.events.flatMap(({ form, ref }) => (form === 'claim-lost' ? [ref] : [])));
  const identified = (body: string) => identify(body, (key) => s3.everPut(CLAIMS_BUCKET, key)?.toString('utf8'));
  const shown = (body: string): string => identified(body)?.id ?? body.slice(0, 60);
  const sns = memorySns(world, [topicSpec(stations)], sqs);
  const logStation = stations.find((station) => station.plan.source === 'log');
  const kinesis = memoryKinesis(world, new Map([[STREAM_NAME, log]]), (_stream, data, number) => {
    const bodies = bodiesOf(data);
    world.note(() => `log takes ${bodies.map(shown).join(' with ')} as ${number}`);
    for (const body of bodies) takenIn(logStation, body, {});
  });

  const letterCame = redriver({
    world,
    scenario,
    sqs,
    dynamodb,
    append: (PartitionKey, data) =>
      void kinesis.call('PutRecords', {
        StreamName: STREAM_NAME,
        Records: [{ Data: data.toString('base64'), PartitionKey }],
      }),
  });

  function takenIn(station: Station | undefined, body: string, given: Attributes, received?: Received): void {
    const { text, attributes } = contentOf(body, given, s3.object);
    const event = identified(text);
    station?.journal.accepted.push({
      body: text,
      event,
      at: world.now(),
      attributes,
      ...(received === undefined ? {} : { received }),
    });
    if (event !== undefined && lost.has(event.ref)) s3.expire(CLAIMS_BUCKET, claimIn(text));
  }

  function queueEvents(): QueueEvents {
    let sent = 0;
    return {
      accepted(queue, message) {
        world.note(() => `${queue} takes ${message.id}: ${shown(message.body)}`);
        const station = stationOf.get(queue);
        if (station === undefined) {
          deadLettered(queue, message);
          return;
        }
        takenIn(station, message.body, message.attributes, message);
        if (sqs.queue(queue).spec.fifo || !plan.duplicate(sent++)) return;
        plan.fire();
        world.after(world.chance.between(1, MAX_DUPLICATE_MILLIS), () => sqs.queue(queue).duplicate(message));
      },
      received(queue, { receives }) {
        const journal = stationOf.get(queue)?.journal;
        if (journal !== undefined) journal.mostReceives = Math.max(journal.mostReceives, receives);
      },
      redriven(queue, { id, receives }) {
        world.note(() => `${queue} gives up ${id} after ${receives} receives`);
      },
    };
  }

  /** By the runtime, or moved by the queue itself. What a mapping tells of records it gave up is no letter. */
  function deadLettered(queue: string, message: StoredMessage): void {
    const station = stations.find(({ deadLetters }) => deadLetters === queue);
    if (station === undefined || message.by === 'mapping') return;
    const { by, body, attributes } = message;
    const moved = by === 'queue';
    const told = moved ? undefined : attributes.deadLetter?.StringValue;
    const said = told === undefined ? undefined : (JSON.parse(told) as { reason: unknown; firstReceived: string });
    const reason = said === undefined ? undefined : String(said.reason);
    const content = contentOf(body, attributes, s3.object);
    const letter: Letter = {
      body: content.text,
      reason,
      moved,
      at: world.now(),
      firstReceived: said === undefined ? undefined : Date.parse(said.firstReceived),
      attributes: content.attributes,
      sentBack: undefined,
    };
    world.note(() => `dead letter: ${shown(content.text)} (${moved ? 'by the queue' : reason})`);
    station.journal.letters.push(letter);
    letterCame(station, message, letter);
  }

  function committed(changes: readonly Change[]): void {
    for (const { table, before, after } of changes) {
      if (table === OUTBOX_TABLE_NAME) rowCommitted(before, after);
      if (table === INBOX && after !== undefined) inboxWritten(after);
      if (table === STATE_TABLE && after?.ref !== undefined) effectCommitted(after);
    }
  }

  function inboxWritten({ pk, state }: Item): void {
    const key = String(pk?.S);
    if (state?.S === 'done') recordDone(key);
    if (CONTROL_ITEM.test(key)) for (const told of controlListeners) told();
  }

  function recordDone(pk: string): void {
    const at = pk.indexOf('#');
    const completions = stationOf.get(pk.slice(0, at))?.journal.completions;
    const id = pk.slice(at + 1);
    completions?.set(id, (completions.get(id) ?? 0) + 1);
  }

  function effectCommitted({ consumer, id, ref, key, n, amount, late }: Item): void {
    world.note(() => `effect of ${id?.S}`);
    stationOf.get(String(consumer?.S))?.journal.effects.push({
      id: String(id?.S),
      ref: Number(ref?.N),
      key: String(key?.S),
      n: Number(n?.N),
      amount: Number(amount?.N),
      at: world.now(),
      late: late?.BOOL === true,
    });
  }

  function rowCommitted(before: Item | undefined, after: Item | undefined): void {
    if (after?.body === undefined || before?.body?.S === after.body.S) return;
    const row = identified(String(after.body.S));
    if (row !== undefined) outboxRows.push(row);
    for (const told of rowListeners) told();
    world.note(() => `outbox row ${row?.id}`);
    const at = world.now() - EPOCH;
    if (outages.some((outage) => outage.at <= at && at < outage.until)) {
      plan.fire();
      return;
    }
    const delay = world.chance.between(STREAM_DELAY_MILLIS.min, STREAM_DELAY_MILLIS.max);
    world.after(delay, () => outboxStream.append('', { arrivedAt: world.now(), bytes: 0, event: { NewImage: after } }));
  }

  /** Readable events of a shard, in their order. */
  function eventsIn({ records }: Shard): LoggedEvent[] {
    return records.flatMap(({ arrivedAt, event }) =>
      bodiesOf(Buffer.from((event as { data: string }).data, 'base64')).flatMap((body) => {
        const { text } = contentOf(body, {}, s3.object);
        const identity = identified(text);
        if (identity === undefined) return [];
        // As a reader is told it: seconds.
        return {
          identity,
          at: Date.parse((JSON.parse(text) as { time: string }).time),
          arrivedAt: (arrivedAt / 1_000) * 1_000,
        };
      }),
    );
  }

  return {
    eventsIn,
    contentOf: (body: string) => contentOf(body, {}, s3.object).text,
    dynamodb,
    sqs,
    sns,
    kinesis,
    s3,
    log,
    outboxStream,
    /** Events committed to the outbox, in the order of the commits. */
    outboxRows,
    /** Of those that can be published. */
    unpublished: () =>
      dynamodb
        .items(OUTBOX_TABLE_NAME)
        .filter((row) => row.unpublished !== undefined && !String(row.aggregateId?.S).startsWith(STUCK)).length,
    onControlItem: (told: () => void) => void controlListeners.push(told),
    /** Told of every row that is committed. */
    onRow: (told: () => void) => void rowListeners.push(told),
  };
}

const claimIn = (body: string): string => (JSON.parse(body) as { claimCheck?: { key: string } }).claimCheck?.key ?? '';

const topicSpec = (stations: readonly Station[]) => ({
  name: TOPIC_NAME,
  fifo: true,
  subscribers: stations
    .filter(({ plan: { source } }) => source !== 'log')
    .map(({ plan: { name } }) => ({ queue: name, types: [STEPPED] })),
});
