import { expect, test } from 'vitest';
import { readEmf } from '../../../../lib/local/cloudwatch/metrics/emf.ts';
import { createMetrics } from '../../../../lib/local/cloudwatch/metrics/metrics.ts';
import { createScaledTime } from '../../../../lib/local/cloudwatch/metrics/scaled-time.ts';
import { emitMetrics } from '../../../../lib/runtime/invocation/telemetry.ts';

const NOW = Date.UTC(2026, 0, 31, 9);

function reader() {
  const metrics = createMetrics(createScaledTime(1, () => NOW));
  return {
    read: (line: string | object) =>
      readEmf(typeof line === 'string' ? line : JSON.stringify(line), '/aws/lambda/f', metrics),
    metrics,
    one: (namespace: string, name: string, dimensions = {}) => {
      const [series] = metrics.find({ namespace, name, dimensions });
      const [bucket] = series?.between(0, NOW + 1) ?? [];
      return bucket && { unit: series?.unit, count: bucket.count, sum: bucket.sum, at: bucket.start };
    },
  };
}

const document = (directive: object, members: object) => ({
  _aws: { Timestamp: NOW, CloudWatchMetrics: [{ Namespace: 'Mine', ...directive }] },
  ...members,
});

test('the lines of the runtime become its metrics', () => {
  const { read, one } = reader();
  const metrics = { Done: { unit: 'Count', values: [1, 1, 1] } } as const;
  emitMetrics(
    { dimensions: { subscription: 'charge' }, metrics },
    { env: () => undefined, now: () => NOW, write: read },
  );
  expect(one('Sluice', 'Done', { subscription: 'charge' })).toEqual({ unit: 'Count', count: 3, sum: 3, at: NOW });
});

test('every set of dimensions is a metric of its own', () => {
  const { read, one } = reader();
  const Metrics = [{ Name: 'Latency', Unit: 'Milliseconds' }];
  read(document({ Dimensions: [['a'], ['a', 'b'], []], Metrics }, { a: '1', b: '2', Latency: 7 }));
  for (const dimensions of [{ a: '1' }, { a: '1', b: '2' }, {}])
    expect(one('Mine', 'Latency', dimensions)).toMatchObject({ unit: 'Milliseconds', sum: 7 });
});

test.each<[string, object]>([
  ['a value that is no number', document({ Dimensions: [[]], Metrics: [{ Name: 'm' }] }, { m: 'seven' })],
  ['a value that is missing', document({ Dimensions: [[]], Metrics: [{ Name: 'm' }] }, {})],
  ['a dimension that is missing', document({ Dimensions: [['d']], Metrics: [{ Name: 'm' }] }, { m: 1 })],
  ['too many values', document({ Dimensions: [[]], Metrics: [{ Name: 'm' }] }, { m: new Array(101).fill(1) })],
])('%s is not counted, and counted as a validation error', (_what, line) => {
  const { read, one } = reader();
  read(line);
  expect(one('AWS/Logs', 'EMFValidationErrors', { LogGroupName: '/aws/lambda/f' })?.sum).toBe(1);
});

test('a line that is cut off is a parsing error', () => {
  const { read, one } = reader();
  read('{"_aws":{"Timestamp":');
  expect(one('AWS/Logs', 'EMFParsingErrors', { LogGroupName: '/aws/lambda/f' })?.sum).toBe(1);
});

test('other lines are left alone', () => {
  const { read, metrics } = reader();
  const lines = [
    '{"level":"info"}',
    'REPORT _aws',
    'REPORT "_aws"',
    ' {"_aws":',
    // What is no JSON is nobody's failed metric unless it looks like one.
    '{ this is no JSON }',
    '{"level":"info"',
    '{_aws}',
    '{}',
    '[{"_aws":',
    '',
  ];
  for (const line of lines) {
    read(line);
    expect([line, metrics.list()]).toEqual([line, []]);
  }
});

test('every directive of a line is read, whatever is wrong with the others, which is counted once', () => {
  const { read, one } = reader();
  const directive = (Namespace: string, name: string) => ({ Namespace, Dimensions: [[]], Metrics: [{ Name: name }] });
  const line = (...CloudWatchMetrics: object[]) => ({
    _aws: { Timestamp: NOW, CloudWatchMetrics },
    a: 1,
    b: 2,
    c: 'no',
  });
  const failures = () => one('AWS/Logs', 'EMFValidationErrors', { LogGroupName: '/aws/lambda/f' })?.count;
  read(line(directive('First', 'a'), directive('Second', 'b')));
  expect([one('First', 'a')?.sum, one('Second', 'b')?.sum, failures()]).toEqual([1, 2, undefined]);
  read(line(directive('First', 'a'), directive('Bad', 'c'), directive('Second', 'b'), directive('Bad', 'c')));
  expect([one('First', 'a')?.sum, one('Second', 'b')?.sum, failures()]).toEqual([2, 4, 1]);
});
