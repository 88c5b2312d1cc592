import Table from 'cli-table3';
import type { Flow, Measured, ThroughputResult } from './run.ts';

type Row = readonly [label: string, cell: (measured: Measured) => string];

const drained = ({ drainSeconds, sent, handled }: Flow): string =>
  drainSeconds === undefined ? `not: ${handled} of ${sent} in 20 s` : `${drainSeconds.toFixed(1)} s`;

const ROWS: readonly Row[] = [
  ['start, app deployed', ({ startSeconds }) => `${startSeconds.toFixed(1)} s`],
  ['queue: offered', ({ queue }) => `${Math.round(queue.offeredPerSecond)}/s for ${Math.round(queue.seconds)} s`],
  ['  done meanwhile', ({ queue }) => `${Math.round(queue.handledPerSecond)}/s`],
  ['  the rest', ({ queue }) => drained(queue)],
  ['log: offered', ({ log }) => `${Math.round(log.offeredPerSecond)}/s for ${Math.round(log.seconds)} s`],
  ['  done meanwhile', ({ log }) => `${Math.round(log.handledPerSecond)}/s`],
  ['  the rest', ({ log }) => drained(log)],
  ['memory, idle', ({ idleMegabytes }) => `${Math.round(idleMegabytes)} MB`],
  ['  with a backlog', ({ backlog }) => `${Math.round(backlog.megabytes)} MB at ${backlog.messages} messages`],
  ['  after the load', ({ loadedMegabytes }) => `${Math.round(loadedMegabytes)} MB`],
];

/** The result as a table for the terminal. */
export function throughputTable({ emulators: { sluice, ministack }, machine }: ThroughputResult): string {
  const table = new Table({
    head: ['', `sluice ${sluice.version}`, `ministack ${ministack.version}`],
    style: { head: [], border: [] },
  });
  for (const [label, cell] of ROWS) table.push([label, cell(sluice), cell(ministack)]);
  const about = Object.entries(machine).map(([name, value]) => `${name} ${value}`);
  return [table.toString(), `machine: ${about.join(', ')}`].join('\n');
}
