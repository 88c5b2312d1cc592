import Table from 'cli-table3';
import type { Summary } from '../statistics.ts';
import { STARTS, type StartResult } from './run.ts';

const spread = (measured: Summary | undefined): string =>
  measured === undefined
    ? 'not known here'
    : `${measured.median.toFixed(0)} ms (${measured.lower.toFixed(0)} to ${measured.upper.toFixed(0)})`;

/** The result as a table for the terminal: medians, with the middle half of the samples in brackets. */
export function startTable(result: StartResult): string {
  const table = new Table({ head: ['', 'ready after', 'processor time'], style: { head: [], border: [] } });
  for (const start of STARTS) {
    const { readyMillis, cpuMillis } = result.starts[start];
    table.push([start, spread(readyMillis), spread(cpuMillis)]);
  }
  table.push(['orders, code changed', spread(result.codeChangeMillis), '']);
  const { machine, effort, version } = result;
  const about = Object.entries(machine).map(([name, value]) => `${name} ${value}`);
  return [table.toString(), `${effort.rounds} starts each; sluice ${version}`, `machine: ${about.join(', ')}`].join(
    '\n',
  );
}
