import { BatchGetCommand, type DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { INBOX_TABLE } from '../../contracts/agreed/tables.ts';
import { readItems } from '../../runtime/aws/dynamodb.ts';
import { parkedKeysKey, parkedLotKey, parkedMessageKey } from '../../runtime/control/control-items.ts';
import type { ParkedChange, ParkedLot, ParkedMessage } from '../../runtime/dead-letters/parking.ts';
import { lambda } from '../../runtime/invocation/runtime.ts';

/** Where the parked messages of a subscription lie. */
export interface ParkingPlace {
  readonly subscription: string;
  /** The inbox table. */
  readonly table: string;
}

/** A key that is parked, as it stands. */
export interface ParkedKey {
  readonly key: string;
  /** How many messages wait under it. */
  readonly messages: number;
  /** ISO 8601: when the first of them was parked. */
  readonly since: string | undefined;
  /** Why the first of them failed last. */
  readonly reason: string | undefined;
  /** What operators have done to the messages of this key, the oldest first. */
  readonly changes?: readonly ParkedChange[];
}

/** A parked message, with what its body tells about itself. */
export interface ParkedEntry extends ParkedMessage {
  readonly eventId: string | undefined;
  readonly eventType: string | undefined;
}

/** Nothing is parked under the key. */
export class NotParked extends Error {
  override readonly name = 'NotParked';
  constructor(key: string, subscription: string) {
    super(
      `nothing is parked under key '${key}' of subscription '${subscription}'. npx sluice parked list ${subscription} shows what is.`,
    );
  }
}

const { partitionKey: PK } = INBOX_TABLE;

/** The parked keys of a subscription, those that wait longest first. */
export async function listParked(dynamodb: DynamoDBDocumentClient, place: ParkingPlace): Promise<ParkedKey[]> {
  const s = { name: place.subscription };
  const { Item } = await dynamodb.send(
    new GetCommand({ TableName: place.table, Key: { [PK]: parkedKeysKey(s) }, ConsistentRead: true }),
  );
  const keys = [...((Item?.keys as Set<string> | undefined) ?? [])];
  return (await parkedKeys(dynamodb, place, keys)).toSorted((a, b) => (a.since ?? '').localeCompare(b.since ?? ''));
}

/**
 * How one key stands.
 * @throws NotParked
 */
export async function parkedKey(
  dynamodb: DynamoDBDocumentClient,
  place: ParkingPlace,
  key: string,
): Promise<ParkedKey> {
  const [found] = await parkedKeys(dynamodb, place, [key]);
  if (found === undefined) throw new NotParked(key, place.subscription);
  return found;
}

async function parkedKeys(
  dynamodb: DynamoDBDocumentClient,
  { subscription, table }: ParkingPlace,
  keys: readonly string[],
): Promise<ParkedKey[]> {
  const s = { name: subscription };
  const lots = await itemsByKey<ParkedLot>(
    dynamodb,
    table,
    keys.map((key) => parkedLotKey(s, key)),
  );
  const firstOf = (key: string): string | undefined => {
    const lot = lots.get(parkedLotKey(s, key));
    return lot === undefined ? undefined : parkedMessageKey(s, key, lot.resumed + 1);
  };
  const firsts = await itemsByKey<ParkedMessage>(
    dynamodb,
    table,
    keys.flatMap((key) => firstOf(key) ?? []),
  );
  return keys.flatMap((key) => {
    const lot = lots.get(parkedLotKey(s, key));
    // Released between the two reads.
    if (lot === undefined) return [];
    const first = firsts.get(firstOf(key) ?? '');
    const { last, resumed, changes } = lot;
    const stands = { key, messages: last - resumed, since: first?.parkedAt, reason: first?.reason };
    return [{ ...stands, ...(changes === undefined ? {} : { changes }) }];
  });
}

/**
 * The messages that wait under a key, in order.
 * @param atMost how many, from the first
 * @throws NotParked
 */
export async function parkedMessages(
  dynamodb: DynamoDBDocumentClient,
  { subscription, table }: ParkingPlace,
  key: string,
  atMost: number,
): Promise<ParkedEntry[]> {
  const s = { name: subscription };
  const Key = { [PK]: parkedLotKey(s, key) };
  const { Item } = await dynamodb.send(new GetCommand({ TableName: table, Key, ConsistentRead: true }));
  if (Item === undefined) throw new NotParked(key, subscription);
  const { last, resumed } = Item as ParkedLot;
  const numbers = Array.from({ length: Math.min(atMost, last - resumed) }, (_, i) => resumed + 1 + i);
  const rows = await itemsByKey<ParkedMessage>(
    dynamodb,
    table,
    numbers.map((number) => parkedMessageKey(s, key, number)),
  );
  return [...rows.values()].toSorted((a, b) => a.number - b.number).map((row) => ({ ...row, ...identityOf(row) }));
}

/** What a body tells about itself. */
export function identityOf({ body }: Pick<ParkedMessage, 'body'>): Pick<ParkedEntry, 'eventId' | 'eventType'> {
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  try {
    const event = JSON.parse(body) as { readonly id?: unknown; readonly type?: unknown } | null;
    return { eventId: text(event?.id), eventType: text(event?.type) };
  } catch {
    return { eventId: undefined, eventType: undefined }; // Not JSON: very likely why it is parked.
  }
}

/** Items by their key, read consistently; what is not there is missing. */
async function itemsByKey<T>(
  dynamodb: DynamoDBDocumentClient,
  table: string,
  keys: readonly string[],
): Promise<Map<string, T>> {
  const items = await readItems(
    (_operation, input) => dynamodb.send(new BatchGetCommand(input)),
    table,
    keys.map((key) => ({ [PK]: key })),
    lambda,
  );
  return new Map(items.map((item) => [String(item[PK]), item as T]));
}
