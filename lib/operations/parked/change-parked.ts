import { MAX_REASON_CHARACTERS } from '../../contracts/agreed/dead-letter.ts';
import { ENV } from '../../contracts/agreed/environment.ts';
import { INBOX_TABLE } from '../../contracts/agreed/tables.ts';
import { ATTRIBUTE } from '../../contracts/events/envelope.ts';
import type { AnyEventType } from '../../contracts/events/event.ts';
import type { AwsCall } from '../../runtime/aws/calls/call.ts';
import { dynamodbOver } from '../../runtime/aws/dynamodb.ts';
import { parkedLotKey, parkedMessageKey, wasRefused } from '../../runtime/control/control-items.ts';
import { knownTries, triesKey } from '../../runtime/control/tries.ts';
import { describeFailure, sendDeadLetter } from '../../runtime/dead-letters/dead-letters.ts';
import { keptMessages, unwrapped } from '../../runtime/dead-letters/kept-messages.ts';
import {
  ITEM_ROOM,
  type ParkedChange,
  type ParkedLot,
  type ParkedMessage,
} from '../../runtime/dead-letters/parking.ts';
import { requiredEnv } from '../../runtime/invocation/environment.ts';
import { Reject } from '../../runtime/invocation/outcomes.ts';
import type { Message } from '../../runtime/messages/message.ts';
import { readMessage } from '../../runtime/messages/read-message.ts';
import { fitted, type Room, referenceIn, text } from '../../runtime/messages/wrapped-message.ts';
import { identityOf, NotParked } from './parked.ts';
import type { ParkingConsumer } from './parking-consumers.ts';

/** What changing a parked key takes. */
export interface ChangeParked {
  readonly aws: AwsCall;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** A new unique id. */
  readonly id: () => string;
  readonly consumer: Pick<ParkingConsumer, 'place' | 'variables'>;
}

/** The message that a parked key waits for, as it stands. */
export interface ParkedHead {
  readonly key: string;
  readonly row: ParkedMessage;
  readonly lot: ParkedLot;
  /** The message as it came; its body is the wrapped one when that cannot be opened. */
  readonly message: Message;
  readonly eventId: string | undefined;
  readonly eventType: string | undefined;
}

/** Somebody else has changed or resumed the key meanwhile. Nothing was written. */
export class ParkedMeanwhile extends Error {
  override readonly name = 'ParkedMeanwhile';
  constructor(key: string, subscription: string) {
    super(
      `key '${key}' of subscription '${subscription}' was resumed or changed by somebody else meanwhile; nothing was changed there. Look again: npx sluice parked show ${subscription} '${key}'`,
    );
  }
}

const { partitionKey: PK } = INBOX_TABLE;
/** Older ones are forgotten: they share the lot's item. */
const MAX_CHANGES = 100;
const MAX_NAME_CHARACTERS = 200;
/** A message and its original share an item. */
const HALF: Room = { ...ITEM_ROOM, maxBytes: ITEM_ROOM.maxBytes / 2 };

const envOf =
  ({ consumer }: ChangeParked) =>
  (name: string) =>
    consumer.variables[name];
const keptOf = (world: ChangeParked) =>
  keptMessages({ name: world.consumer.place.subscription }, { aws: world.aws, env: envOf(world) });

/**
 * The first message of a parked key.
 * @throws NotParked; Error when all messages of the key are done or skipped
 */
export async function headOf(world: ChangeParked, key: string): Promise<ParkedHead> {
  const { subscription, table } = world.consumer.place;
  const s = { name: subscription };
  const dynamodb = dynamodbOver(world.aws, world.id);
  const read = async (id: string) =>
    (await dynamodb('GetItem', { TableName: table, Key: { [PK]: id }, ConsistentRead: true })).Item;
  const lot = (await read(parkedLotKey(s, key))) as ParkedLot | undefined;
  if (lot === undefined) throw new NotParked(key, subscription);
  if (lot.resumed === lot.last)
    throw new Error(
      `no message waits under key '${key}' any more: release it with npx sluice parked resume ${subscription} '${key}'`,
    );
  const row = (await read(parkedMessageKey(s, key, lot.resumed + 1))) as ParkedMessage | undefined;
  // Resumed between the two reads.
  if (row === undefined) throw new ParkedMeanwhile(key, subscription);
  const tries = knownTries(await read(triesKey(s, { id: row.messageId })));
  const queued = world.consumer.variables[ENV.queue];
  const wrapped: Message = {
    id: row.messageId,
    body: row.body,
    unit: key,
    source: queued ?? 'parked',
    receives: Math.max(1, tries.failed),
    firstReceived: Date.parse(row.parkedAt),
    attributes: row.attributes,
    ...(queued === undefined ? { record: { sequenceNumber: row.messageId, partitionKey: key } } : {}),
    ...(queued?.endsWith('.fifo') ? { group: key } : {}),
  };
  const message = await unwrapped(wrapped, keptOf(world)).catch((error: unknown) => {
    // An object that is gone may be why it can never succeed.
    if (error instanceof Reject) return wrapped;
    throw error;
  });
  return { key, row, lot, message, ...identityOf(message) };
}

/**
 * Takes the first message out of a parked key, so that what waits behind it can be resumed. It goes to the consumer's dead letters before: should that be all
 * that happens, it lies in both places, and nothing is lost.
 * @param drop it goes nowhere
 * @throws ParkedMeanwhile when the key was resumed or changed since the head was read; the dead letter, if sent, stays
 */
export async function skipHead(
  world: ChangeParked,
  head: ParkedHead,
  { by: name, drop }: { readonly by: string; readonly drop: boolean },
): Promise<ParkedChange> {
  const { key, row, message, eventId } = head;
  const { subscription } = world.consumer.place;
  const [by, at] = [name.slice(0, MAX_NAME_CHARACTERS), new Date(world.now()).toISOString()];
  const { reason = SKIPPED } = row;
  const change: ParkedChange = { what: drop ? 'dropped' : 'skipped', number: row.number, eventId, reason, by, at };
  if (!isSame(head, await headOf(world, key))) throw new ParkedMeanwhile(key, subscription);
  if (!drop) {
    const queue = requiredEnv(ENV.deadLetterQueue, 'where dead letters go', envOf(world));
    const error = new Error(`skipped by '${by}': it was the first message of the parked key '${key}'`);
    const letter = { ...describeFailure(subscription, message, reason, error, world.now()), skipped: { by, at } };
    // A FIFO queue would take the letter of its parking, minutes ago, for the same.
    await sendDeadLetter(world.aws, queue, { ...message, id: `skipped-${message.id}` }, letter, keptOf(world));
  }
  await write(world, head, change, { resumed: row.number, row: unchanged(head, 'Delete', {}) });
  // What could not be opened is in its dead letter as the reference that it was.
  const isOpen = drop || message.body !== row.body;
  await forget(world, head, [isOpen ? row.body : undefined, row.original?.body]);
  return change;
}

/** Reason of what was skipped before it had failed itself. */
export const SKIPPED = 'skipped';

/** An edited body that is not taken. */
export class EditRefused extends Error {
  override readonly name = 'EditRefused';
}

/** An edited body that may be stored. */
export interface Edit {
  readonly body: string;
  readonly eventId: string;
  readonly type: string;
}

/**
 * Checks a new body for the first message of a parked key.
 * @param events those of the subscription
 * @throws EditRefused for one that the consumer could not read, that is another event, or that changes nothing
 */
export async function readEdit(
  world: ChangeParked,
  { message, eventId }: ParkedHead,
  given: string,
  events: readonly AnyEventType[],
): Promise<Edit> {
  const body = given.trim();
  if (body === message.body) throw new EditRefused('the body is the one that lies there: nothing to change');
  const { bytes: _, ...edited } = { ...message, body };
  try {
    const { event } = await readMessage(edited, events, { aws: world.aws, env: envOf(world) });
    if (eventId !== undefined && event.id !== eventId)
      throw new EditRefused(
        `the event's id is '${eventId}' and must stay: by it inboxes know what was done. The edited body has '${event.id}'`,
      );
    return { body, eventId: event.id, type: event.type };
  } catch (error) {
    if (error instanceof Reject) throw new EditRefused(`the edited body cannot be read: ${error.message}`);
    throw error;
  }
}

/**
 * Gives the first message of a parked key another body. The first original is kept beside it; it has all its tries again.
 * @throws ParkedMeanwhile when the key was resumed or changed since the head was read
 */
export async function editHead(
  world: ChangeParked,
  head: ParkedHead,
  { body, eventId, type }: Edit,
  name: string,
): Promise<ParkedChange> {
  const { row, message } = head;
  const [by, at] = [name.slice(0, MAX_NAME_CHARACTERS), new Date(world.now()).toISOString()];
  const kept = keptOf(world);
  const store = (one: Message) => fitted(one, HALF, {}, (whole) => kept.keep(whole, row));
  const { bytes: _, ...others } = message;
  const { [ATTRIBUTE.type]: typed, ...attributes } = message.attributes;
  const edited = await store({
    ...others,
    body,
    attributes: typed === undefined ? attributes : { ...attributes, [ATTRIBUTE.type]: text(type) },
  });
  const asItLies = { body: row.body, attributes: row.attributes };
  const original = row.original ?? (referenceIn(row.body) === undefined ? await store(message) : asItLies);
  const change: ParkedChange = { what: 'edited', number: row.number, eventId, reason: row.reason, by, at };
  const update = unchanged(head, 'Update', {
    UpdateExpression: 'SET body = :body, attributes = :attributes, original = :original, edits = :next',
    ExpressionAttributeValues: {
      ':body': edited.body,
      ':attributes': edited.attributes,
      ':original': original,
      ':next': (row.edits ?? 0) + 1,
    },
  });
  await write(world, head, change, { resumed: row.number - 1, row: update });
  // An earlier edit that is replaced; the original stays.
  if (row.body !== original.body && row.body !== edited.body) await forget(world, head, [row.body]);
  return change;
}

type RowWrite = (at: { TableName: string; Key: Record<string, string> }) => object;

/** A write of the head's row that is refused when another message, or another body, lies there. */
const unchanged =
  (
    { row: { messageId, edits } }: ParkedHead,
    kind: 'Update' | 'Delete',
    { ExpressionAttributeValues = {}, ...input }: { ExpressionAttributeValues?: object; UpdateExpression?: string },
  ): RowWrite =>
  (at) => ({
    [kind]: {
      ...at,
      ...input,
      ConditionExpression: `messageId = :id AND ${edits === undefined ? 'attribute_not_exists(edits)' : 'edits = :edits'}`,
      ExpressionAttributeValues: {
        ...ExpressionAttributeValues,
        ':id': messageId,
        ...(edits === undefined ? {} : { ':edits': edits }),
      },
    },
  });

const isSame = (a: ParkedHead, b: ParkedHead): boolean =>
  a.row.number === b.row.number && a.row.messageId === b.row.messageId && a.row.edits === b.row.edits;

/** Row, lot and what was counted of its tries, all or nothing. A resumption moves `resumed` in the same item, so that only one of the two can. */
async function write(
  { aws, id, consumer: { place } }: ChangeParked,
  { key, row, lot }: ParkedHead,
  change: ParkedChange,
  to: { readonly resumed: number; readonly row: RowWrite },
): Promise<void> {
  const { subscription, table } = place;
  const s = { name: subscription };
  const at = (itemKey: string) => ({ TableName: table, Key: { [PK]: itemKey } });
  try {
    await dynamodbOver(aws, id)('TransactWriteItems', {
      TransactItems: [
        {
          Update: {
            ...at(parkedLotKey(s, key)),
            UpdateExpression: 'SET resumed = :to, changes = :changes',
            ConditionExpression: 'resumed = :before',
            ExpressionAttributeValues: {
              ':to': to.resumed,
              ':before': row.number - 1,
              ':changes': [...(lot.changes ?? []), shortened(change)].slice(-MAX_CHANGES),
            },
          },
        },
        to.row(at(parkedMessageKey(s, key, row.number))) as never,
        { Delete: at(triesKey(s, { id: row.messageId })) },
      ],
    });
  } catch (error) {
    if (wasRefused(error)) throw new ParkedMeanwhile(key, subscription);
    throw error;
  }
}

const shortened = ({ eventId, reason, ...change }: ParkedChange): ParkedChange => ({
  ...change,
  eventId: eventId?.slice(0, MAX_REASON_CHARACTERS),
  reason: reason?.slice(0, MAX_REASON_CHARACTERS),
});

/** Objects that nothing refers to any more. What is left behind when this fails costs a little, and no message. */
async function forget(
  world: ChangeParked,
  { row }: ParkedHead,
  bodies: readonly (string | undefined)[],
): Promise<void> {
  const kept = keptOf(world);
  for (const body of bodies) if (body !== undefined) await kept.forget(body, row).catch(() => undefined);
}
