/**
 * What a service said about each entry of a batch request: one function per service, and the only readers of such answers. An entry is
 * taken only when the answer says so for that very entry. What it is silent about is not known, and counts as not taken: it goes again
 * with the same ids, and consumers drop the copy if it had been taken after all.
 */

/** An entry that is not known to be taken. */
export interface NotTaken<Entry> {
  readonly entry: Entry;
  /** The service's code and words, or what is wrong with its answer. */
  readonly error: string;
  /** The service's error code; undefined: it said nothing about the entry, or nothing that makes sense. */
  readonly code?: string | undefined;
}

/** Answers whose entries are named: two lists, and what names an entry in both. */
interface NamedAnswer {
  readonly taken: string;
  readonly refused: string;
  readonly id: string;
}

/** Answers whose entries stand in the order of the request, and say how many of them failed. */
interface OrderedAnswer {
  readonly entries: string;
  /** What an entry that was taken has. */
  readonly proof: string;
  readonly failures: string;
}

const SQS_AND_SNS: NamedAnswer = { taken: 'Successful', refused: 'Failed', id: 'Id' };
const S3_DELETE: NamedAnswer = { taken: 'Deleted', refused: 'Errors', id: 'Key' };
const KINESIS: OrderedAnswer = { entries: 'Records', proof: 'SequenceNumber', failures: 'FailedRecordCount' };
const EVENTBRIDGE: OrderedAnswer = { entries: 'Entries', proof: 'EventId', failures: 'FailedEntryCount' };

/**
 * SQS's SendMessageBatch, DeleteMessageBatch, ChangeMessageVisibilityBatch: `Id` is the entry's position in the request.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
 */
export const notTakenBySqs = <E>(entries: readonly E[], answer: unknown): NotTaken<E>[] =>
  judgeNamed(entries, (_, i) => String(i), answer, SQS_AND_SNS);

/**
 * SNS's PublishBatch: `Id` is the entry's position in the request.
 * https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
 */
export const notTakenBySns = <E>(entries: readonly E[], answer: unknown): NotTaken<E>[] =>
  judgeNamed(entries, (_, i) => String(i), answer, SQS_AND_SNS);

/** S3's DeleteObjects, by key, not in quiet mode. https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */
export const notDeletedByS3 = <E extends { readonly Key: string }>(
  objects: readonly E[],
  answer: unknown,
): NotTaken<E>[] => judgeNamed(objects, ({ Key }) => Key, answer, S3_DELETE);

/** Kinesis's PutRecords. https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html */
export const notTakenByKinesis = <E>(records: readonly E[], answer: unknown): NotTaken<E>[] =>
  judgeOrdered(records, answer, KINESIS);

/** EventBridge's PutEvents. https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html */
export const notTakenByEventBridge = <E>(entries: readonly E[], answer: unknown): NotTaken<E>[] =>
  judgeOrdered(entries, answer, EVENTBRIDGE);

function judgeNamed<E>(
  entries: readonly E[],
  idOf: (entry: E, index: number) => string,
  answer: unknown,
  { taken, refused, id }: NamedAnswer,
): NotTaken<E>[] {
  const successes = listOf(answer, taken);
  const failures = listOf(answer, refused);
  const idsOf = (list: readonly unknown[]) => new Set(list.map((item) => textOf(item, id)));
  const good = idsOf(successes);
  const bad = new Map(failures.map((item) => [textOf(item, id), item]));
  const sent = new Set(entries.map(idOf));
  const strangers = [...good, ...bad.keys()].filter((name) => name === undefined || !sent.has(name));
  const odd = strangers.length === 0 ? '' : ` (but about ${strangers.map((name) => name ?? 'no id').join(', ')})`;
  return entries.flatMap((entry, i): NotTaken<E>[] => {
    const name = idOf(entry, i);
    // An entry in both lists has failed: sent again it is a copy, believed it might be lost.
    const failure = bad.get(name);
    if (failure !== undefined) return [{ entry, ...said(failure, 'Code', 'Message') }];
    if (good.has(name)) return [];
    return [{ entry, error: `the answer says nothing about ${id} '${name}'${odd}`, code: undefined }];
  });
}

function judgeOrdered<E>(entries: readonly E[], answer: unknown, of: OrderedAnswer): NotTaken<E>[] {
  const results = listOf(answer, of.entries);
  const failed = results.filter(hasFailed).length;
  const told = fieldOf(answer, of.failures) ?? failed;
  const disagreement =
    results.length !== entries.length
      ? `the answer has ${results.length} ${of.entries} for ${entries.length}`
      : told !== failed
        ? `the answer says ${of.failures} ${JSON.stringify(told)} and has ${failed} with an ErrorCode`
        : undefined;
  return entries.flatMap((entry, i): NotTaken<E>[] => {
    const result = results[i];
    // With entries too few or too many nobody knows which result is whose.
    const known = results.length === entries.length;
    if (known && hasFailed(result)) return [{ entry, ...said(result, 'ErrorCode', 'ErrorMessage') }];
    if (disagreement !== undefined) return [{ entry, error: disagreement, code: undefined }];
    if (textOf(result, of.proof) !== undefined) return [];
    return [{ entry, error: `the answer has no ${of.proof} for entry ${i}`, code: undefined }];
  });
}

const hasFailed = (result: unknown): boolean => (fieldOf(result, 'ErrorCode') ?? undefined) !== undefined;

/** An answer of DynamoDB that cannot be right. What was asked may have been done or not. */
export class UnbelievableAnswer extends Error {
  override readonly name = 'UnbelievableAnswer';
}

function doubt(problem: string): never {
  throw new UnbelievableAnswer(`DynamoDB's answer cannot be right: ${problem}`);
}

type Item = Readonly<Record<string, unknown>>;

/**
 * DynamoDB's BatchGetItem from one table: what was found, and which keys are to be asked for again. A key that is in neither is not there.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
 * @throws UnbelievableAnswer when lists are missing or speak of what was not asked: then it is not known what is there
 */
export function foundByDynamodb<E extends Item>(
  table: string,
  keys: readonly E[],
  answer: unknown,
): { readonly items: Item[]; readonly unprocessed: E[] } {
  const unprocessed = leftUndone(table, keys, answer, 'UnprocessedKeys');
  const left = new Set(unprocessed.map(nameOf));
  const waiting = new Set(keys.map(nameOf).filter((name) => !left.has(name)));
  const items = fieldOf(fieldOf(answer, 'Responses'), table) ?? (waiting.size === 0 ? [] : undefined);
  if (!Array.isArray(items)) return doubt(`Responses has no list for table '${table}'`);
  const names = Object.keys(keys[0] ?? {});
  for (const item of items) {
    const key = nameOf(Object.fromEntries(names.map((name) => [name, fieldOf(item, name)])));
    if (!waiting.delete(key)) doubt(`Responses has what was not asked of table '${table}', or has it twice`);
  }
  return { items, unprocessed };
}

/**
 * DynamoDB's BatchWriteItem to one table: which requests are to be sent again. It says what it has not done, and nothing about the rest.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
 * @throws UnbelievableAnswer when the answer has no `UnprocessedItems`, or names what was not sent
 */
export function unwrittenByDynamodb<E extends Item>(table: string, requests: readonly E[], answer: unknown): E[] {
  return leftUndone(table, requests, answer, 'UnprocessedItems');
}

/** `UnprocessedKeys` is `{table: {Keys: [...]}}`, `UnprocessedItems` is `{table: [...]}`; with nothing left it is `{}`, never absent. */
function leftUndone<E>(
  table: string,
  asked: readonly E[],
  answer: unknown,
  field: 'UnprocessedKeys' | 'UnprocessedItems',
): E[] {
  const given = fieldOf(answer, field);
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return doubt(`${field} is no map of tables`);
  const others = Object.keys(given).filter((name) => name !== table);
  if (others.length > 0) return doubt(`${field} names table '${others[0]}', which was not asked`);
  const content = fieldOf(given, table);
  if (content === undefined) return [];
  const list = field === 'UnprocessedKeys' ? fieldOf(content, 'Keys') : content;
  if (!Array.isArray(list)) return doubt(`${field} has no list for table '${table}'`);
  const names = new Set(asked.map(nameOf));
  for (const entry of list) {
    if (!names.delete(nameOf(entry))) doubt(`${field} has what was not asked of table '${table}', or has it twice`);
  }
  return list as E[];
}

/** The same for two entries that differ only in the order of their members. */
const nameOf = (entry: unknown): string =>
  JSON.stringify(entry, (_, value: unknown) => {
    if (typeof value === 'bigint') return `${value}`;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  }) ?? '';

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;

/** A list that is missing, null or something else is an empty one: it says nothing about any entry. */
function listOf(answer: unknown, name: string): readonly unknown[] {
  const list = fieldOf(answer, name);
  return Array.isArray(list) ? list : [];
}

/** Absent values come as undefined, null or nothing, depending on who encodes them. */
function textOf(value: unknown, name: string): string | undefined {
  const text = fieldOf(value, name);
  return typeof text === 'string' && text !== '' ? text : undefined;
}

function said(result: unknown, code: string, message: string): { error: string; code: string | undefined } {
  const given = textOf(result, code);
  return { error: `${given ?? 'refused without a code'}: ${textOf(result, message) ?? ''}`, code: given };
}
