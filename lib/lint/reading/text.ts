/** Values as messages say them. */

/** `30 s`; not known before deployment: `?`. */
export const inSeconds = (value: number | undefined): string => (value === undefined ? '? s' : `${value} s`);

export const quoted = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ');

export const json = (value: unknown): string => JSON.stringify(value) ?? 'none';

/** True when both are known and the first is below the second. */
export const below = (value: number | undefined, limit: number | undefined): value is number =>
  value !== undefined && limit !== undefined && value < limit;
