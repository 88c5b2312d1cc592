import { expect, it } from 'vitest';
import type { FunctionLog } from '../../../lib/local/lambda/definition.ts';
import { textLine } from '../../../lib/local/logs/text-line.ts';

const log = (change: Partial<FunctionLog>): FunctionLog => ({
  ...{ function: 'greeter', stream: 's', requestId: 'r-1', level: undefined, line: 'hello' },
  ...change,
});
const START = '2026-01-02T03:04:05.678Z\tr-1\t';

it.each<[string, Partial<FunctionLog>, string]>([
  ['console.log', { level: 'info' }, `${START}INFO\thello`],
  ['console.warn', { level: 'warn' }, `${START}WARN\thello`],
  [
    'console.log while the module loads',
    { level: 'info', requestId: undefined },
    `${START.replace('r-1', 'undefined')}INFO\thello`,
  ],
  ['standard output', {}, 'hello'],
  ['what a handler throws', { level: 'error', line: 'ERROR\tInvoke Error \t{}' }, `${START}ERROR\tInvoke Error \t{}`],
  ["Lambda's own lines", { level: 'info', platform: true, line: 'END RequestId: r-1' }, 'END RequestId: r-1'],
])('%s', (_, change, expected) => {
  expect(textLine(log(change), new Date('2026-01-02T03:04:05.678Z'))).toBe(expected);
});
