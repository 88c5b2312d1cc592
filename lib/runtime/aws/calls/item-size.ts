/** A value as DynamoDB takes it: `{S: 'text'}`. */
type WireValue = object;
type WireItem = Readonly<Record<string, WireValue>>;

const bytesOf = (text: string): number => Buffer.byteLength(text);
const sum = <T>(list: readonly T[], size: (item: T) => number): number =>
  list.reduce((total, item) => total + size(item), 0);

/** A list or map, and each element in it. */
const CONTAINER_BYTES = 3;
const ELEMENT_BYTES = 1;
const BOOL_OR_NULL_BYTES = 1;

/** Without zeros at its ends. */
const WHOLE = /^[1-9](?:\d{0,20}[1-9])?$/;

/** One byte for two significant digits, one more for the rest and one for a sign: at most 21. Zeros at the ends are not counted. */
function numberBytes(text: string): number {
  if (WHOLE.test(text)) return Math.ceil(text.length / 2) + 1;
  const digits = text
    .replace(/e.*$/i, '')
    .replace(/[-+.]/g, '')
    .replace(/^0+|0+$/g, '');
  return Math.ceil(digits.length / 2) + 1 + (text.startsWith('-') ? 1 : 0);
}

/** Binary values travel as bytes, or as base64 where they are JSON already. */
const binaryBytes = (value: unknown): number =>
  ArrayBuffer.isView(value) ? value.byteLength : Buffer.byteLength(String(value), 'base64');

const SIZES: Readonly<Record<string, (content: never) => number>> = {
  S: bytesOf,
  N: numberBytes,
  B: binaryBytes,
  SS: (list: readonly string[]) => sum(list, bytesOf),
  NS: (list: readonly string[]) => sum(list, numberBytes),
  BS: (list: readonly unknown[]) => sum(list, binaryBytes),
  L: (list: readonly WireValue[]) => CONTAINER_BYTES + sum(list, (value) => ELEMENT_BYTES + valueBytes(value)),
  M: (map: WireItem) => CONTAINER_BYTES + Object.keys(map).length * ELEMENT_BYTES + itemBytes(map),
};

function valueBytes(value: WireValue): number {
  // Of a write of every message: a loop, and no lists that are thrown away.
  for (const type in value) {
    const content = (value as Readonly<Record<string, unknown>>)[type];
    if (type === 'S') return bytesOf(content as string);
    const size = SIZES[type];
    if (size !== undefined) return size(content as never);
  }
  return BOOL_OR_NULL_BYTES;
}

/**
 * Bytes of an item as DynamoDB counts them: names and values in UTF-8.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 */
export function itemBytes(item: WireItem): number {
  let bytes = 0;
  for (const name in item) bytes += bytesOf(name) + valueBytes(item[name] as WireValue);
  return bytes;
}

/** One write of a transaction, as it is sent. */
type WireWrite = Readonly<Record<string, { readonly Item?: WireItem; readonly Key?: WireItem } | undefined>>;

/** What a write brings into a transaction's size: of an update or a condition no more is known than its key. */
export const writeBytes = (write: WireWrite): number =>
  sum(Object.values(write), (request) => itemBytes(request?.Item ?? request?.Key ?? {}));
