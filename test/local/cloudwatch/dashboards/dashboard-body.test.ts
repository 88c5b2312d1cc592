import { describe, expect, it, test } from 'vitest';
import { bodyProblems } from '../../../../lib/local/cloudwatch/dashboards/dashboard-body.ts';
import type { Json } from '../../../../lib/local/json.ts';

const metric = (properties: { [name: string]: Json }): Json => ({
  ...{ type: 'metric', x: 0, y: 0, width: 8, height: 6 },
  properties: { region: 'us-east-1', metrics: [['Shop', 'Sales']], ...properties },
});
const rows = (...metrics: Json[]) => metric({ metrics });
const place = (at: { [name: string]: Json }): Json => ({ type: 'text', properties: { markdown: '#' }, ...at });

describe('bodies as AWS documents them', () => {
  test.each<[string, Json]>([
    ['a graph', metric({ view: 'timeSeries', stat: 'Sum', period: 60, title: 'Sales' })],
    ['dimensions and options', rows(['Shop', 'Sales', 'till', '1', { label: 'One', stat: 'p99', yAxis: 'right' }])],
    ['rows that repeat the one before', rows(['Shop', 'Sales', 'till', '1'], ['.', '.', '.', '2'], ['...', '3'])],
    ['an expression', rows([{ expression: 'm1 * 2', label: 'Twice', id: 'e1' }], ['Shop', 'Sales', { id: 'm1' }])],
    ['lines', metric({ annotations: { horizontal: [{ value: 1, label: 'x' }, [{ value: 1 }, { value: 2 }]] } })],
    ['an alarm drawn alone', { type: 'metric', properties: { region: 'x', annotations: { alarms: ['arn'] } } }],
    ['text', place({})],
    ['alarms', { type: 'alarm', properties: { alarms: ['arn:a', 'arn:b'] } }],
  ])('%s', (_, widget) => expect(bodyProblems({ widgets: [widget] })).toEqual([]));

  it('no widgets', () => expect(bodyProblems({ widgets: [], start: '-PT6H', periodOverride: 'inherit' })).toEqual([]));
});

/** The first and the last place that a widget may have, and those beside them. */
test.each<[{ [name: string]: Json }, boolean]>([
  [{ x: 0, width: 24 }, true],
  [{ x: 16, width: 8 }, true],
  [{ x: 17, width: 8 }, false],
  [{ x: 23, width: 1 }, true],
  [{ x: 24, width: 1 }, false],
  [{ x: -1 }, false],
  [{ width: 0 }, false],
  [{ width: 25 }, false],
  [{ y: 0, height: 1 }, true],
  [{ y: -1 }, false],
  [{ height: 0 }, false],
  [{ height: 1_000 }, true],
  [{ height: 1_001 }, false],
  [{ x: 1.5 }, false],
])('a widget at %j is in its place: %s', (at, isRight) => {
  expect(bodyProblems({ widgets: [place(at)] }).length === 0).toBe(isRight);
});

describe('what is wrong is named with its place', () => {
  const at = (path: string, message: string) => ({
    dataPath: `/widgets/0${path}`,
    message: expect.stringContaining(message),
  });
  test.each<[string, Json, string, string]>([
    ['an unknown type', place({ type: 'pie' }), '/type', 'one of the allowed values: metric, text, alarm'],
    ['an unknown property', place({ colour: 'red' }), '', "additional property 'colour'"],
    ['no properties', { type: 'text' }, '', "required property 'properties'"],
    ['too wide', place({ width: 25 }), '/width', 'from 1 to 24'],
    ['beyond the grid', place({ x: 20, width: 8 }), '', 'x and width make 28'],
    ['no region', { type: 'metric', properties: { metrics: [] } }, '/properties', "required property 'region'"],
    ['nothing to draw', { type: 'metric', properties: { region: 'x' } }, '/properties', "'metrics' or an alarm"],
    ['an unknown view', metric({ view: 'donut' }), '/properties/view', 'timeSeries'],
    ['a period of 90 s', metric({ period: 90 }), '/properties/period', 'multiple of 60'],
    ['a name without its value', rows(['Shop', 'Sales', 'till']), '/properties/metrics/0', 'pairs of dimensions'],
    ['a row of nothing', rows([]), '/properties/metrics/0', 'non-empty'],
    ['a row without a metric', rows([{ label: 'x' }]), '/properties/metrics/0', 'either an expression'],
    ['an unknown option', rows(['Shop', 'Sales', { colour: 'red' }]), '/properties/metrics/0/2', "'colour'"],
    [
      'a line without a value',
      metric({ annotations: { horizontal: [{ label: 'x' }] } }),
      '/properties/annotations/horizontal/0',
      "'value'",
    ],
    ['no alarms', { type: 'alarm', properties: { alarms: [] } }, '/properties/alarms', 'fewer than 1'],
    ['text without text', { type: 'text', properties: {} }, '/properties', "'markdown'"],
  ])('%s', (_, widget, path, message) => expect(bodyProblems({ widgets: [widget] })).toEqual([at(path, message)]));

  it('a body without widgets, with something else', () =>
    expect(bodyProblems({ widget: [] }).map(({ message }) => message)).toEqual([
      "Should have required property 'widgets'",
      "Should NOT have additional property 'widget'",
    ]));
});
