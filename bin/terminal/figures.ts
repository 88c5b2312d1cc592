/** Numbers as people read them, the same on every machine. */
const english = (digits: number) =>
  new Intl.NumberFormat('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
const CENTS = english(2);
const WHOLE = english(0);

/** `1,234.50` */
export const dollars = (amount: number): string => CENTS.format(amount);

/** Prices of tiny things, in full: `0.0000133334` */
export const dollarsExactly = (amount: number): string =>
  new Intl.NumberFormat('en-US', { maximumFractionDigits: 10 }).format(amount);

export const whole = (count: number): string => WHOLE.format(count);

/** Small numbers with their fraction. */
export const unitCount = (count: number): string => (count < 100 ? CENTS : WHOLE).format(count);

export const share = (part: number, all: number): string => (all === 0 ? '' : `${Math.round((part / all) * 100)} %`);

const BYTES = ['B', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB'] as const;
const STEP = 1_000;

/** `86.4 TB`: powers of a thousand, three significant digits or more. */
export function bytesText(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(BYTES.length - 1, Math.floor(Math.log10(bytes) / 3));
  const amount = bytes / STEP ** power;
  return `${Number(amount.toPrecision(4)).toLocaleString('en-US')} ${BYTES[power]}`;
}

const TIMES = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const;

/** `3.5 d` */
export function timeText(seconds: number): string {
  const [unit, length] = TIMES.find(([, each]) => seconds >= each) ?? TIMES[3];
  return `${Number((seconds / length).toPrecision(3)).toLocaleString('en-US')} ${unit}`;
}
