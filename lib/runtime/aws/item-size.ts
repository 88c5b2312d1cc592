/** A value as DynamoDB takes it: `{S: 'text'}`. */
type WireValue = object;
type WireItem = Readonly<Record<string, WireValue>>;

const bytesOf = (text: string): number => Buffer.byteLength(text);
const sum = <T>(list: readonly T[], size: (item: T) => number): number =>
  list.reduce((total, item) => total + size(item), 0);

/** A list or map, and each element in it. */
const CONTAINER_BYTES = 3;
const ELEMENT_BYTES = 1;

/** One byte for two significant digits, one more for the rest and one for a sign: at most 21. Zeros at the ends are not counted. */
function numberBytes(text: string): number {
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
  const [[type, content] = ['', undefined]] = Object.entries(value);
  // BOOL and NULL.
  return SIZES[type]?.(content as never) ?? 1;
}

/**
 * Bytes of an item as DynamoDB counts them: names and values in UTF-8.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 */
export const itemBytes = (item: WireItem): number =>
  sum(Object.entries(item), ([name, value]) => bytesOf(name) + valueBytes(value));

/** One write of a transaction, as it is sent. */
type WireWrite = Readonly<Record<string, { readonly Item?: WireItem; readonly Key?: WireItem } | undefined>>;

/** What a write brings into a transaction's size: of an update or a condition no more is known than its key. */
export const writeBytes = (write: WireWrite): number =>
  sum(Object.values(write), (request) => itemBytes(request?.Item ?? request?.Key ?? {}));
