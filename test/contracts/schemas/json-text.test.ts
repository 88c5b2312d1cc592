import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../../lib/contracts/schemas/json-schema.ts';
import { jsonText } from '../../../lib/contracts/schemas/json-text.ts';

describe('jsonText', () => {
  it('is JSON that means the same', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(jsonText(value as Json))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('keeps short lists on a line, and breaks objects and long lists', () => {
    const long = Array.from({ length: 20 }, (_, i) => `value ${i}`);
    const text = jsonText({ short: ['a', [1], {}], none: [], objects: [{ a: 1 }], long });
    expect(text).toContain(
      '{\n  "short": ["a", [1], {}],\n  "none": [],\n  "objects": [\n    {\n      "a": 1\n    }\n  ],\n',
    );
    expect(text).toContain('  "long": [\n    "value 0",\n');
  });

  it('has no place for what is undefined', () => {
    expect(jsonText({ a: 1, b: undefined } as unknown as Json)).toBe('{\n  "a": 1\n}\n');
    expect(jsonText({})).toBe('{}\n');
  });

  it.each([
    [120, 1, 'one line'],
    [121, 1, 'several'],
    [119, 2, 'one line'],
    [120, 2, 'several'],
  ])('a line of %d columns, in an object of %d fields, takes %s', (columns, fields, lines) => {
    const list = ['x'.repeat(columns - '  "a": [""]'.length)];
    const text = jsonText(fields === 1 ? { a: list } : { a: list, b: 1 });
    expect(text.includes('  "a": ["xx')).toBe(lines === 'one line');
  });
});
