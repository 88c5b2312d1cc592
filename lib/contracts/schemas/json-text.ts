import { isObject, type Json } from './json-schema.ts';

const WIDTH = 120;
const INDENT = '  ';

/** JSON for files that are committed: as the formatter of this house writes it, lists of plain values on one line where they fit. */
export const jsonText = (value: Json): string => `${print(value, '', 0)}\n`;

/** @param used columns of the line that are taken, with the comma that follows if there is one */
function print(value: Json, indent: string, used: number): string {
  const inner = indent + INDENT;
  if (isObject(value)) {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    if (fields.length === 0) return '{}';
    const lines = fields.map(([name, field], i) => {
      const start = `${inner}${JSON.stringify(name)}: `;
      return start + print(field, inner, start.length + comma(i, fields));
    });
    return `{\n${lines.join(',\n')}\n${indent}}`;
  }
  if (!Array.isArray(value)) return JSON.stringify(value);
  const line = isPlain(value) ? oneLine(value) : undefined;
  if (line !== undefined && used + line.length <= WIDTH) return line;
  return `[\n${value.map((one, i) => inner + print(one, inner, inner.length + comma(i, value))).join(',\n')}\n${indent}]`;
}

const comma = (i: number, list: readonly unknown[]): number => (i < list.length - 1 ? 1 : 0);

const isPlain = (value: Json): boolean =>
  Array.isArray(value) ? value.every(isPlain) : !isObject(value) || Object.keys(value).length === 0;

const oneLine = (value: Json): string =>
  Array.isArray(value) ? `[${value.map(oneLine).join(', ')}]` : JSON.stringify(value);
