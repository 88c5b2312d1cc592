import Table from 'cli-table3';
import type { Summary } from '../statistics.ts';
import { RECORD_BYTES, RECORDS_PER_REQUEST, SHARDS } from './load.ts';
import { type LogResult, nameOf, SAMPLE } from './run.ts';

const spread = ({ median, lower, upper }: Summary, digits: number): string => {
  const [middle, low, high] = [median, lower, upper].map((value) =>
    value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits }),
  );
  return `${middle} (${low} to ${high})`;
};

/** The result as a table for the terminal: medians, with the middle half of the samples in brackets. */
export function logTable({ levels, machine, effort, version }: LogResult): string {
  const table = new Table({
    head: ['records held', 'written a second', 'to 1,000', 'processor time for 1,000', 'memory', 'reader behind'],
    style: { head: [], border: [] },
  });
  for (const level of levels)
    table.push([
      nameOf(level),
      spread(level.recordsPerSecond, 0),
      level.ratio.toFixed(2),
      `${spread(level.cpuMillis, 1)} ms`,
      `${level.rssMib} MiB`,
      `${spread(level.behindMillis, 0)} ms`,
    ]);
  const about = Object.entries(machine).map(([name, value]) => `${name} ${value}`);
  return [
    table.toString(),
    `records of ${RECORD_BYTES} bytes in requests of ${RECORDS_PER_REQUEST} to ${SHARDS} shards; ${effort.rounds} samples of ${SAMPLE} each; kept: in a data directory`,
    `sluice ${version}; machine: ${about.join(', ')}`,
  ].join('\n');
}
