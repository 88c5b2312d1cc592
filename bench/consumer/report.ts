import Table from 'cli-table3';
import type { Summary } from '../statistics.ts';
import { CONTESTANTS } from './contestants.ts';
import { type Cost, SITUATION_NAMES } from './requests.ts';
import type { ConsumerResult, Measured } from './run.ts';

const BYTES_PER_KB = 1_000;

type Row = readonly [label: string, cell: (measured: Measured) => string];

const spread = ({ median, lower, upper }: Summary, unit: string, digits: number): string =>
  `${median.toFixed(digits)} ${unit} (${lower.toFixed(digits)} to ${upper.toFixed(digits)})`;

function requests({ dynamodbPerMessage, perMessage, handedBack }: Cost): string {
  const others = Object.entries(perMessage)
    .filter(([name]) => !name.startsWith('dynamodb '))
    .map(([name, count]) => `+ ${count.toFixed(1)} ${name}`);
  const back = handedBack === 0 ? [] : [`${Math.round(handedBack * 100)} % come again`];
  return [dynamodbPerMessage.toFixed(1), ...others, ...back].join(', ');
}

const ROWS: readonly Row[] = [
  ['bundle, minified', ({ bundleBytes }) => `${Math.round(bundleBytes / BYTES_PER_KB)} KB`],
  ['  ratio', ({ ratios }) => ratios.bundleBytes.toFixed(2)],
  ['load', ({ loadMillis }) => spread(loadMillis, 'ms', 1)],
  ['  ratio', ({ ratios }) => ratios.loadMillis.toFixed(2)],
  ['CPU per record', ({ cpuMicrosPerRecord }) => spread(cpuMicrosPerRecord, 'µs', 0)],
  ['  ratio', ({ ratios }) => ratios.cpuMicrosPerRecord.toFixed(2)],
  ...SITUATION_NAMES.map((name): Row => [`requests: ${name}`, (measured) => requests(measured.requests[name])]),
];

/** The result as a table for the terminal: medians, with the middle half of the samples in brackets. */
export function tableOf(result: ConsumerResult): string {
  const table = new Table({ head: ['', ...CONTESTANTS], style: { head: [], border: [] } });
  for (const [label, cell] of ROWS) {
    table.push([label, ...CONTESTANTS.map((name) => cell(result.contestants[name]))]);
  }
  const versions = CONTESTANTS.map((name) => `${name}: ${pairs(result.contestants[name].versions)}`);
  const legend = [
    'load, CPU per record: median (middle half of the samples); ratio: median of the ratios to powertools, round by round',
    'requests: to DynamoDB per message of a batch of ten, the business write included; and what else was called',
  ];
  return [table.toString(), ...legend, `machine: ${pairs(result.machine)}`, ...versions].join('\n');
}

const pairs = (record: object): string =>
  Object.entries(record)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
