import type { Channel } from '../../contracts/channels/channel.ts';
import { destinationsOf, type Outbox } from '../../contracts/channels/outbox.ts';
import type { Envelope } from '../../contracts/events/envelope.ts';
import { dynamodbOver } from '../aws/dynamodb.ts';
import { toError } from '../invocation/outcomes.ts';
import { lambda, type Runtime } from '../invocation/runtime.ts';
import { wasBusy } from '../invocation/transient.ts';
import { inParallel } from '../publishing/batching.ts';
import { type Publish, PublishFailed, publisher } from '../publishing/publish.ts';
import type { OutboxRow } from './outbox.ts';
import {
  type Cursor,
  cursorMover,
  type PublishedRow,
  ROW_BYTES,
  readCursors,
  readWaiting,
  strandedRows,
} from './outbox-cursor.ts';

const PARALLEL_AGGREGATES = 10;
/** Aggregates of one turn. */
const AGGREGATES_PER_TURN = 500;
/**
 * What a turn holds, but for the page of each parallel reader. Events of one key are sent one after the other, so this many take some
 * seconds at worst.
 */
const EVENTS_PER_TURN = 500;
const CHARACTERS_PER_TURN = 16_000_000;

/** Why an aggregate waits that nobody has tried. */
export const NO_TIME = 'not tried: no time was left in this invocation';

interface Waiting extends PublishedRow {
  readonly event: Envelope;
}

/** Events of one aggregate that wait, in sequence. */
interface Pending {
  readonly aggregate: string;
  readonly cursor: Cursor;
  readonly rows: readonly Waiting[];
}

export interface Relayed {
  readonly published: number;
  /** Aggregates whose events could not all be published, with the reason. They are still in the outbox. */
  readonly failed: ReadonlyMap<string, string>;
}

export interface RelayOptions {
  /** Whether another turn may begin. @default always */
  readonly hasTime?: () => boolean;
  /** Sequences that the index of unpublished rows shows, by aggregate: those that no relay can publish are told. */
  readonly inIndex?: ReadonlyMap<string, readonly number[]>;
}

/**
 * Publishes what waits in the outbox, in sequence per aggregate. The table decides, never the order of the calls: the cursor
 * says what was published, and a gap is read from the table. Between publishing and advancing the cursor a crash is possible;
 * then the same events, with the same ids, are published again and the consumers' inboxes drop them. Whatever is wrong with one aggregate
 * (a row that cannot be read, a channel that refuses or throws, a cursor that cannot move) stops that one only.
 */
export function outboxRelay(box: Outbox, table: string, runtime: Runtime = lambda) {
  const dynamodb = dynamodbOver(runtime.aws, runtime.id);
  const advance = cursorMover(box, table, dynamodb, runtime);
  const channels = box.publishes.map((channel) => ({ channel, publish: publisher(channel, {}, runtime) as Publish }));

  /**
   * @param hints rows that a stream has shown for the aggregate; empty: read them
   * @throws what DynamoDB answers when the cursors cannot be read, unless it was busy: then the aggregates wait
   */
  return async function relay(
    hints: ReadonlyMap<string, readonly OutboxRow[]>,
    { hasTime = () => true, inIndex = new Map() }: RelayOptions = {},
  ): Promise<Relayed> {
    const failed = new Map<string, string>();
    let published = 0;
    let left: ReadonlyMap<string, readonly OutboxRow[]> = hints;
    const standing = new Map<string, number>();
    for (let first = true; left.size > 0; first = false) {
      if (!first && !hasTime()) {
        for (const aggregate of left.keys()) failed.set(aggregate, NO_TIME);
        break;
      }
      const turn = [...left].slice(0, AGGREGATES_PER_TURN);
      const { count, again } = await takeTurn(turn, failed, standing, inIndex, hasTime);
      published += count;
      left = new Map([...[...left].slice(turn.length), ...again]);
    }
    return { published, failed };
  };

  /** @returns how many events were published, and the aggregates that have more than a turn takes */
  async function takeTurn(
    turn: readonly (readonly [string, readonly OutboxRow[]])[],
    failed: Map<string, string>,
    standing: Map<string, number>,
    inIndex: ReadonlyMap<string, readonly number[]>,
    hasTime: () => boolean,
  ): Promise<{ count: number; again: [string, readonly OutboxRow[]][] }> {
    const aggregates = turn.map(([aggregate]) => aggregate);
    const cursors = await readCursors(dynamodb, table, aggregates, runtime).catch((error: unknown) => {
      if (!wasBusy(error)) throw error;
      for (const aggregate of aggregates) failed.set(aggregate, reasonOf(error));
      return undefined;
    });
    if (cursors === undefined) return { count: 0, again: [] };
    const again: [string, readonly OutboxRow[]][] = [];
    const pending: Pending[] = [];
    const held = { events: 0, characters: 0 };
    const alone = (aggregate: string, run: () => Promise<void>): Promise<void> =>
      run().catch((error) => void failed.set(aggregate, reasonOf(error)));
    await inParallel(turn, PARALLEL_AGGREGATES, ([aggregate, hinted]) =>
      alone(aggregate, async () => {
        if (held.events >= EVENTS_PER_TURN || held.characters >= CHARACTERS_PER_TURN) {
          return void again.push([aggregate, hinted]);
        }
        const cursor = cursors.get(aggregate) ?? { at: 0 };
        if (standing.get(aggregate) === cursor.at) throw new Error(`its cursor does not move on from ${cursor.at}`);
        const shown = withoutGap(hinted, cursor.at);
        const { rows, more } = shown ?? (await readWaiting(dynamodb, table, aggregate, cursor.at));
        held.events += rows.length;
        for (const { body } of rows) held.characters += body?.length ?? 0;
        if (more) {
          again.push([aggregate, []]);
          standing.set(aggregate, cursor.at);
        }
        const { readable, problem } = readableRows(box, rows);
        if (problem !== undefined) failed.set(aggregate, problem);
        if (readable.length > 0) pending.push({ aggregate, cursor, rows: readable });
      }),
    );
    const unsent = new Map<string, string>();
    await Promise.all(
      channels.map(({ channel, publish }) => send(publish, wantedBy(channel, pending), unsent, hasTime)),
    );
    let count = 0;
    await inParallel(pending, PARALLEL_AGGREGATES, ({ aggregate, cursor, rows }) =>
      alone(aggregate, async () => {
        const stop = rows.find(({ event }) => unsent.has(event.id));
        if (stop !== undefined) failed.set(aggregate, unsent.get(stop.event.id) ?? '');
        const sent = rows.filter(({ sequence }) => stop === undefined || sequence < stop.sequence);
        count += sent.length;
        await advance(aggregate, cursor, sent);
      }),
    );
    await tellStranded(turn, cursors, inIndex, failed).catch((error: unknown) => {
      // Only told, and the next sweep tells it as well.
      if (!wasBusy(error)) throw error;
    });
    return { count, again: again.filter(([aggregate]) => !failed.has(aggregate)) };
  }

  function wantedBy(channel: Channel, pending: readonly Pending[]): ToSend[] {
    return pending.flatMap(({ aggregate, rows }) =>
      rows.flatMap(({ event }) =>
        destinationsOf(box, event.type).some(({ name }) => name === channel.name) ? [{ aggregate, event }] : [],
      ),
    );
  }

  async function tellStranded(
    turn: readonly (readonly [string, unknown])[],
    cursors: ReadonlyMap<string, Cursor>,
    inIndex: ReadonlyMap<string, readonly number[]>,
    failed: Map<string, string>,
  ): Promise<void> {
    const suspects = turn.flatMap(([aggregateId]) =>
      (inIndex.get(aggregateId) ?? []).flatMap((sequence) =>
        sequence <= (cursors.get(aggregateId)?.at ?? 0) ? [{ aggregateId, sequence }] : [],
      ),
    );
    if (suspects.length === 0) return;
    for (const [aggregate, sequences] of await strandedRows(dynamodb, table, suspects, runtime)) {
      const at = cursors.get(aggregate)?.at ?? 0;
      const text = `sequence ${sequences.join(', ')} will never be published: it is not after ${at}, which was published before (its id was used again, or its \`after\` was wrong)`;
      const other = failed.get(aggregate);
      failed.set(aggregate, other === undefined ? text : `${text}; ${other}`);
    }
  }
}

/** Why an aggregate waits. */
const reasonOf = (error: unknown): string => {
  const { message } = toError(error);
  return wasBusy(error) ? `the table was busy: ${message}` : message;
};

interface ToSend {
  readonly aggregate: string;
  readonly event: Envelope;
}

/**
 * Sends events to one channel. What makes it throw (a key, a size, a function of the declaration) is found by halves, so that it
 * stops its own aggregate only.
 */
async function send(
  publish: Publish,
  wanted: readonly ToSend[],
  unsent: Map<string, string>,
  hasTime: () => boolean,
): Promise<void> {
  const [first] = wanted;
  if (first === undefined) return;
  try {
    await publish(wanted.map(({ event }) => event));
  } catch (error) {
    if (error instanceof PublishFailed) {
      for (const [id, reason] of error.unsent) unsent.set(id, reason);
    } else if (wanted.length === 1 || !hasTime()) {
      for (const { event } of wanted) unsent.set(event.id, toError(error).message);
    } else {
      const middle = Math.ceil(wanted.length / 2);
      const [before, after] = [wanted.slice(0, middle), wanted.slice(middle)];
      await send(publish, before, unsent, hasTime);
      const stopped = new Map(
        before.flatMap((one) => (unsent.has(one.event.id) ? [[one.aggregate, one.event.id]] : [])),
      );
      for (const { aggregate, event } of after) {
        if (stopped.has(aggregate)) unsent.set(event.id, unsent.get(stopped.get(aggregate) ?? '') ?? '');
      }
      const others = after.filter(({ aggregate }) => !stopped.has(aggregate));
      await send(publish, others, unsent, hasTime);
    }
  }
}

/** The events up to the first row that holds none that could be published. */
function readableRows(
  box: Outbox,
  rows: readonly OutboxRow[],
): { readable: readonly Waiting[]; problem: string | undefined } {
  const readable: Waiting[] = [];
  for (const { sequence, body } of rows) {
    const event = eventOf(body);
    const problem =
      event === undefined
        ? `the row of sequence ${sequence} holds no event in JSON`
        : destinationsOf(box, event.type).length === 0
          ? `sequence ${sequence} is of type '${event.type}', which no channel of outbox '${box.name}' lists`
          : undefined;
    if (problem !== undefined || event === undefined) return { readable, problem };
    readable.push({ sequence, event, bytes: Buffer.byteLength(body) + ROW_BYTES });
  }
  return { readable, problem: undefined };
}

function eventOf(body: string | undefined): Envelope | undefined {
  try {
    const event = JSON.parse(body ?? '') as Envelope | null;
    return typeof event?.id === 'string' && typeof event.type === 'string' ? event : undefined;
  } catch {
    return undefined;
  }
}

/** The rows after the cursor when they leave no gap; undefined when the table must be asked. */
function withoutGap(
  rows: readonly OutboxRow[],
  cursor: number,
): { rows: readonly OutboxRow[]; more: boolean } | undefined {
  if (rows.length === 0) return undefined;
  const waiting = rows.filter(({ sequence }) => sequence > cursor).sort((a, b) => a.sequence - b.sequence);
  return waiting.every(({ sequence }, i) => sequence === cursor + 1 + i) ? { rows: waiting, more: false } : undefined;
}
