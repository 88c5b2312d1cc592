/** JSON as it stands in templates, events and responses, and the few questions the engine asks of it. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** Whether a value is a plain JSON object (not an array, not null). */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The member as an object, or an empty one when it is absent or something else. */
export function objectAt(value: unknown, key: string): JsonObject {
  const member = isObject(value) ? value[key] : undefined;
  return isObject(member) ? member : {};
}

/** The member as a list, or an empty one when it is absent or something else. */
export function listAt(value: unknown, key: string): Json[] {
  const member = isObject(value) ? value[key] : undefined;
  return Array.isArray(member) ? member : [];
}

/** The member as text; numbers and booleans are written out, as CloudFormation does. Undefined when absent. */
export function textAt(value: unknown, key: string): string | undefined {
  const member = isObject(value) ? value[key] : undefined;
  return typeof member === 'string'
    ? member
    : typeof member === 'number' || typeof member === 'boolean'
      ? String(member)
      : undefined;
}

/** The member as a number; numeric strings count, as in CloudFormation. Undefined when absent or not numeric. */
export function numberAt(value: unknown, key: string): number | undefined {
  const text = textAt(value, key);
  return text === undefined || text.trim() === '' || Number.isNaN(Number(text)) ? undefined : Number(text);
}

/** The member as a boolean; "true" and "false" count, as in CloudFormation. Undefined when absent. */
export function booleanAt(value: unknown, key: string): boolean | undefined {
  const text = textAt(value, key);
  return text === undefined ? undefined : text === 'true';
}
