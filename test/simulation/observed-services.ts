import { INBOX_TABLE, OUTBOX_TABLE } from '../../lib/contracts/tables.ts';
import type { FaultPlan } from './faults.ts';
import { bodiesOf, type EventIdentity, identify, STEPPED } from './journal.ts';
import { CLAIMS_BUCKET, INBOX, OUTBOX_TABLE_NAME, STATE_TABLE, STREAM_NAME, TOPIC_NAME } from './names.ts';
import type { Scenario } from './scenario.ts';
import { type Change, memoryDynamodb } from './services/dynamodb.ts';
import type { Item } from './services/expressions.ts';
import { memoryS3 } from './services/s3.ts';
import { memorySns } from './services/sns.ts';
import { memorySqs, type QueueEvents, type QueueSpec } from './services/sqs.ts';
import { memoryKinesis, memoryStream } from './services/streams.ts';
import type { Station } from './station.ts';
import { EPOCH, type World } from './world.ts';

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
  plan: FaultPlan,
  queueSpecs: readonly QueueSpec[],
) {
  const stationOf = new Map(stations.map((station) => [station.plan.name, station]));
  const outboxRows: EventIdentity[] = [];
  const outages = scenario.faults.filter((fault) => fault.kind === 'stream-outage');
  const log = memoryStream(world, scenario.shards);
  const outboxStream = memoryStream(world, 1);
  const dynamodb = memoryDynamodb(world, TABLES, { pageSize: scenario.pageSize, onCommit: committed });
  const sqs = memorySqs(world, queueSpecs, queueEvents());
  const s3 = memoryS3(CLAIMS_BUCKET);
  const identified = (body: string) => identify(body, s3.text);
  const shown = (body: string): string => identified(body)?.id ?? body.slice(0, 60);
  const sns = memorySns(world, [topicSpec(stations)], sqs);
  const logStation = stations.find((station) => station.plan.source === 'log');
  const kinesis = memoryKinesis(world, new Map([[STREAM_NAME, log]]), (_stream, data, number) => {
    const bodies = bodiesOf(data);
    world.note(() => `log takes ${bodies.map(shown).join(' with ')} as ${number}`);
    for (const body of bodies) takenIn(logStation, body);
  });

  function takenIn(station: Station | undefined, body: string): void {
    station?.journal.accepted.push({ body, event: identified(body), at: world.now() });
  }

  function queueEvents(): QueueEvents {
    let sent = 0;
    return {
      accepted(queue, message) {
        world.note(() => `${queue} takes ${message.id}: ${shown(message.body)}`);
        const station = stationOf.get(queue);
        if (station === undefined) {
          if (message.byService !== true) deadLettered(queue, message.body, message.attributes.deadLetter?.StringValue);
          return;
        }
        takenIn(station, message.body);
        if (sqs.queue(queue).spec.fifo || !plan.duplicate(sent++)) return;
        plan.fire();
        world.after(world.chance.between(1, MAX_DUPLICATE_MILLIS), () => sqs.queue(queue).duplicate(message));
      },
      received(queue, { receives }) {
        const journal = stationOf.get(queue)?.journal;
        if (journal !== undefined) journal.mostReceives = Math.max(journal.mostReceives, receives);
      },
      redriven(queue, { id, body, receives }) {
        world.note(() => `${queue} gives up ${id} after ${receives} receives`);
        stationOf.get(queue)?.journal.letters.push({ body, reason: undefined, redriven: true });
      },
    };
  }

  function deadLettered(queue: string, body: string, letter: string | undefined): void {
    const reason = letter === undefined ? undefined : String((JSON.parse(letter) as { reason: unknown }).reason);
    const owner = stations.find(({ deadLetters }) => deadLetters === queue);
    owner?.journal.letters.push({ body, reason, redriven: false });
  }

  function committed(changes: readonly Change[]): void {
    for (const { table, before, after } of changes) {
      if (table === OUTBOX_TABLE_NAME) rowCommitted(before, after);
      if (table === INBOX && after?.state?.S === 'done') recordDone(String(after.pk?.S));
      if (table === STATE_TABLE && after?.ref !== undefined) effectCommitted(after);
    }
  }

  function recordDone(pk: string): void {
    const at = pk.indexOf('#');
    const completions = stationOf.get(pk.slice(0, at))?.journal.completions;
    const id = pk.slice(at + 1);
    completions?.set(id, (completions.get(id) ?? 0) + 1);
  }

  function effectCommitted({ consumer, id, ref, key, n, amount }: Item): void {
    world.note(() => `effect of ${id?.S}`);
    stationOf.get(String(consumer?.S))?.journal.effects.push({
      id: String(id?.S),
      ref: Number(ref?.N),
      key: String(key?.S),
      n: Number(n?.N),
      amount: Number(amount?.N),
      at: world.now(),
    });
  }

  function rowCommitted(before: Item | undefined, after: Item | undefined): void {
    if (after?.body === undefined || before?.body?.S === after.body.S) return;
    const row = identified(String(after.body.S));
    if (row !== undefined) outboxRows.push(row);
    world.note(() => `outbox row ${row?.id}`);
    const at = world.now() - EPOCH;
    if (outages.some((outage) => outage.at <= at && at < outage.until)) {
      plan.fire();
      return;
    }
    const delay = world.chance.between(STREAM_DELAY_MILLIS.min, STREAM_DELAY_MILLIS.max);
    world.after(delay, () => outboxStream.append('', { arrivedAt: world.now(), event: { NewImage: after } }));
  }

  return {
    dynamodb,
    sqs,
    sns,
    kinesis,
    s3,
    log,
    outboxStream,
    /** Events committed to the outbox, in the order of the commits. */
    outboxRows,
    unpublished: () => dynamodb.items(OUTBOX_TABLE_NAME).filter((row) => row.unpublished !== undefined).length,
  };
}

const topicSpec = (stations: readonly Station[]) => ({
  name: TOPIC_NAME,
  fifo: true,
  subscribers: stations
    .filter(({ plan: { source } }) => source !== 'log')
    .map(({ plan: { name } }) => ({ queue: name, types: [STEPPED] })),
});
