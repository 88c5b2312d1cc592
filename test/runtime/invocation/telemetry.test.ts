import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emitMetrics, errorFields, logger, type Metric } from '../../../lib/runtime/invocation/telemetry.ts';

interface Emf {
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
    }[];
  };
  readonly [member: string]: unknown;
}

function emitted(metrics: Readonly<Record<string, Metric>>): Emf[] {
  const lines: string[] = [];
  const runtime = {
    env: () => undefined,
    now: () => 1_763_625_600_000,
    write: (line: string) => void lines.push(line),
  };
  emitMetrics({ dimensions: { subscription: 'worker' }, metrics }, runtime);
  return lines.map((line) => JSON.parse(line));
}

describe('emitMetrics', () => {
  it('writes the embedded metric format', () => {
    const documents = emitted({
      Done: { unit: 'Count', values: [3] },
      Age: { unit: 'Milliseconds', values: [10, 20] },
    });
    expect(documents).toEqual([
      {
        _aws: {
          Timestamp: 1_763_625_600_000,
          CloudWatchMetrics: [
            {
              Namespace: 'Sluice',
              Dimensions: [['subscription']],
              Metrics: [
                { Name: 'Done', Unit: 'Count' },
                { Name: 'Age', Unit: 'Milliseconds' },
              ],
            },
          ],
        },
        subscription: 'worker',
        Done: [3],
        Age: [10, 20],
      },
    ]);
  });

  it.each([
    ['no metrics', {}],
    ['metrics without values', { Age: { unit: 'Milliseconds', values: [] } as const }],
  ])('writes nothing for %s', (_, metrics) => {
    expect(emitted(metrics)).toEqual([]);
  });

  it('loses no value, and keeps every document to the format’s limits', () => {
    const metric = fc.record({
      unit: fc.constantFrom('Count' as const, 'Milliseconds' as const, 'Seconds' as const),
      values: fc.array(fc.nat(), { maxLength: 350, size: 'max' }),
    });
    fc.assert(
      fc.property(metric, metric, (one, two) => {
        const documents = emitted({ one, two });
        const collected: Record<string, unknown[]> = { one: [], two: [] };
        for (const document of documents) {
          for (const { Metrics, Dimensions } of document._aws.CloudWatchMetrics) {
            for (const name of Dimensions.flat()) expect(typeof document[name]).toBe('string');
            for (const { Name } of Metrics) {
              const values = document[Name] as unknown[];
              expect(values.length).toBeGreaterThan(0);
              expect(values.length).toBeLessThanOrEqual(100);
              collected[Name]?.push(...values);
            }
          }
        }
        expect(collected).toEqual({ one: one.values, two: two.values });
      }),
    );
  });
});

describe('logger', () => {
  it('writes one JSON object a line, with the common fields', () => {
    const lines: string[] = [];
    logger({ subscription: 'worker' }, (line) => lines.push(line))('warn', 'two\nlines', { event: 'e-1' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain('\n');
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'warn',
      message: 'two\nlines',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      subscription: 'worker',
      event: 'e-1',
    });
  });
});

describe('errorFields', () => {
  it.each([
    ['an Error as cause', new Error('outer', { cause: new TypeError('inner') }), 'TypeError: inner'],
    ['no cause', new Error('outer'), undefined],
    ['a cause that is no Error', new Error('outer', { cause: 'text' }), undefined],
  ])('has name, message and stack, and %s', (_, error, cause) => {
    const fields = errorFields(error);
    expect(fields).toMatchObject({ error: 'Error', errorMessage: 'outer' });
    expect(String(fields.stack)).toContain('telemetry.test');
    expect(fields.cause).toBe(cause);
  });
});
