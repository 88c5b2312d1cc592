import { createHash } from 'node:crypto';
import { INBOX_TABLE } from '../../contracts/agreed/tables.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import { isAwsError } from '../aws/calls/call.ts';
import { cancellationReasons, dynamodbOver, readItems } from '../aws/dynamodb.ts';
import type { Runtime } from '../invocation/runtime.ts';
import { isOneRecord, type Message } from '../messages/message.ts';
import { givenUpKeys, hasUndelivered, wasGivenUp } from './given-up.ts';
import { type KnownTries, knownTries, NO_TRIES, triesKey } from './tries.ts';

/**
 * What a consumer must know before it starts on a batch, kept in the inbox table so that it survives cold starts and is the same
 * for all instances: whether its breaker is open, which keys are parked, what was given up of records that come again. One read for
 * all of it.
 */
export interface ControlState {
  /** Epoch milliseconds until which nothing is to be tried; undefined: closed. */
  readonly openUntil: number | undefined;
  /** Whether failures are counted at present: a success then clears them. */
  readonly failing: boolean;
  readonly parkedKeys: ReadonlySet<string>;
  /** Of aggregated records: whether an event was given up when its record came before. */
  readonly wasGivenUp: (message: Message) => boolean;
  readonly triesOf: (message: Message) => KnownTries;
}

const { partitionKey: PK } = INBOX_TABLE;

export const breakerKey = (s: Pick<Subscription, 'name'>): string => `breaker!${s.name}`;
export const parkedKeysKey = (s: Pick<Subscription, 'name'>): string => `parked!${s.name}`;
/** The number stands before the key: a key may hold any text, also one that looks like a number. */
export const parkedLotKey = (s: Pick<Subscription, 'name'>, key: string): string =>
  `${parkedKeysKey(s)}!lot!${inItemKey(key)}`;
export const parkedMessageKey = (s: Pick<Subscription, 'name'>, key: string, number: number): string =>
  `${parkedKeysKey(s)}!${number}!${inItemKey(key)}`;

/** An item's partition key has 2,048 bytes, names and numbers included: a key of a changed item, which is a unit here, may have more. */
const MAX_READABLE_BYTES = 1_024;
const HASHED = 'sha256:';

/** Long keys are hashed, and what looks like a hash too; `parked!SUBSCRIPTION` and the lot tell the key itself. */
const inItemKey = (key: string): string =>
  Buffer.byteLength(key) <= MAX_READABLE_BYTES && !key.startsWith(HASHED)
    ? key
    : `${HASHED}${createHash('sha256').update(key).digest('hex')}`;

/** Nothing is open, parked or given up. */
export const NO_CONTROL: ControlState = {
  openUntil: undefined,
  failing: false,
  parkedKeys: new Set(),
  wasGivenUp: () => false,
  triesOf: () => NO_TRIES,
};

/**
 * Reads what there is to know before a batch; a subscription that has nothing to ask for does not pay for asking.
 * @param isNewInstance whether this is the first batch of its instance: the one before may have ended under these messages
 */
export async function readControl(
  runtime: Runtime,
  table: string,
  s: Subscription,
  messages: readonly Message[],
  isNewInstance = false,
): Promise<ControlState> {
  const keys = [
    ...(s.breaker === undefined ? [] : [breakerKey(s)]),
    ...(s.failedKey === 'park' ? [parkedKeysKey(s)] : []),
    ...givenUpKeys(s, messages),
    ...mayHaveFailed(s, messages, isNewInstance),
  ];
  if (keys.length === 0) return NO_CONTROL;
  const found = await itemsByKey(runtime, table, keys);
  const [first, ...others] = s.to.kind === 'queue' ? [] : messages;
  const mayTell = first !== undefined && (found.has(triesKey(s, first)) || hasUndelivered(s, messages, found));
  if (mayTell) {
    // What has failed beside it comes again with it.
    const more = others.map((message) => triesKey(s, message)).filter((key) => !keys.includes(key));
    for (const [key, item] of await itemsByKey(runtime, table, more)) found.set(key, item);
  }
  return {
    failing: found.has(breakerKey(s)),
    openUntil: found.get(breakerKey(s))?.openUntil as number | undefined,
    parkedKeys: (found.get(parkedKeysKey(s))?.keys as Set<string> | undefined) ?? new Set(),
    wasGivenUp: (message) => wasGivenUp(s, message, found),
    triesOf: (message) => knownTries(found.get(triesKey(s, message))),
  };
}

/**
 * Keys of the tries of messages that may have failed before: on a queue those that were received before, or are parked, and of a stream, which counts nothing, the first of
 * the batch: a batch with one that has failed begins at such a one, or at one that `precedes` it. Of a record that comes alone to a new instance, all its events: the
 * function may have ended under any of them.
 */
function mayHaveFailed(s: Subscription, messages: readonly Message[], isNewInstance: boolean): readonly string[] {
  const asked =
    s.to.kind === 'queue'
      ? messages.filter(({ receives }) => receives !== 1)
      : messages.slice(0, isNewInstance && isOneRecord(messages) ? undefined : 1);
  return asked.map((message) => triesKey(s, message));
}

async function itemsByKey(
  runtime: Runtime,
  table: string,
  keys: readonly string[],
): Promise<Map<string, Readonly<Record<string, unknown>>>> {
  // A message may be twice in a batch, and a request takes no key twice.
  const items = await readItems(
    dynamodbOver(runtime.aws, runtime.id),
    table,
    [...new Set(keys)].map((key) => ({ [PK]: key })),
    runtime,
  );
  return new Map(items.map((item) => [item[PK] as string, item]));
}

/** Whether a conditional write was refused, alone or in a transaction. One that met another transaction was not: nobody has looked at its condition. */
export const wasRefused = (error: unknown): boolean =>
  isAwsError(error, 'ConditionalCheckFailedException') ||
  (cancellationReasons(error)?.some(({ Code }) => Code === 'ConditionalCheckFailed') ?? false);
