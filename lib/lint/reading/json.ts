/** Reading JSON that nobody has checked: the properties of a template. */

export type Json = Readonly<Record<string, unknown>>;

export const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An object's members, also of JSON text, which CloudFormation takes for some properties; none of anything else. */
export function recordOf(value: unknown): Json {
  if (typeof value === 'string' && value.trimStart().startsWith('{')) {
    try {
      return recordOf(JSON.parse(value));
    } catch {
      // Text that only looks like JSON has no members.
      return {};
    }
  }
  return isRecord(value) ? value : {};
}

/** A list's elements; what stands alone is a list of one, as in policies. */
export const listOf = (value: unknown): readonly unknown[] =>
  value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];

/** The value at the end of a path of members. */
export const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((inner, name) => recordOf(inner)[name], value);

/** A number, or `otherwise` when nothing is said; undefined when it is only known at deployment (a parameter, a reference). */
export function numberOf(value: unknown, otherwise: number): number | undefined {
  if (value === undefined || value === null) return otherwise;
  const number = typeof value === 'string' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

export const isTrue = (value: unknown): boolean => value === true || value === 'true';
