/**
 * A number of DynamoDB, which has up to 38 digits, as JavaScript's.
 * @returns undefined when it would not come back: `9007199254740993`, or 20 digits behind the point
 */
export function exactNumber(text: string): number | undefined {
  const value = Number(text);
  if (String(value) === text && Number.isFinite(value)) return value;
  return Number.isFinite(value) && canonical(String(value)) === canonical(text) ? value : undefined;
}

/** Sign, digits without zeros at either end, and the power of ten of the last of them: `-1.50e3` is `-15e2`. Undefined for no number. */
function canonical(text: string): string | undefined {
  const [, sign, whole = '', fraction = '', exponent = '0'] = DECIMAL.exec(text) ?? [];
  if (sign === undefined || whole + fraction === '') return undefined;
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  return `${sign === '-' ? '-' : ''}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;

/** A number of an item as its readers here get it: whole numbers beyond JavaScript's are bigints, others that would not come back are text. */
export function readNumber(text: string): number | bigint | string {
  const exact = exactNumber(text);
  if (exact !== undefined) return exact;
  return /^[+-]?\d+$/.test(text) ? BigInt(text) : text;
}
