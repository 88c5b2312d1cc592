import { InvalidArgumentError } from 'commander';
import { days, hours, minutes, seconds } from '../../lib/contracts/declaring/duration.ts';

/** Readers of option values for commander, which says the option and the value before our rule. */

export function wholeNumber(name: string, min: number, max = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = Number(text);
    if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(
      `${name} must be a whole number from ${min}${max === Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`}.`,
    );
  };
}

export function positive(name: string) {
  return (text: string): number => {
    const value = Number(text);
    if (Number.isFinite(value) && value > 0) return value;
    throw new InvalidArgumentError(`${name} must be a number above 0.`);
  };
}

const TIME = /^(\d+(?:\.\d+)?)(s|m|h|d)$/;
const TIME_UNITS = { s: seconds, m: minutes, h: hours, d: days } as const;

/** A time with its unit: `90s`, `30m`, `12h`, `7d`. @returns seconds, above 0 */
export function time(name: string) {
  return (text: string): number => {
    const [, amount, unit] = TIME.exec(text) ?? [];
    const value = unit === undefined ? 0 : TIME_UNITS[unit as keyof typeof TIME_UNITS](Number(amount)).seconds;
    if (value > 0) return value;
    throw new InvalidArgumentError(
      `${name} must be a number above 0 with its unit, s, m, h or d. Write for example 7d.`,
    );
  };
}

const SIZE = /^(\d+)(KB|KiB|MB|MiB)?$/;
const SIZE_UNITS = { KB: 1e3, KiB: 1_024, MB: 1e6, MiB: 1_048_576 } as const;

/** Bytes, or with a unit: `1KB` is 1,000, `1KiB` 1,024. @returns bytes, 1 or more */
export function size(name: string) {
  return (text: string): number => {
    const [, amount, unit] = SIZE.exec(text) ?? [];
    const value = Number(amount ?? 0) * (unit === undefined ? 1 : SIZE_UNITS[unit as keyof typeof SIZE_UNITS]);
    if (Number.isSafeInteger(value) && value > 0) return value;
    throw new InvalidArgumentError(
      `${name} must be a whole number of bytes, or of KB, KiB, MB or MiB. Write for example 1KB.`,
    );
  };
}

/** One `name=value` more. */
export function contextValue(text: string, before: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [name, value] = text.split(/=(.*)/s);
  if (name && value !== undefined) return { ...before, [name]: value };
  throw new InvalidArgumentError('context must be given as name=value.');
}
