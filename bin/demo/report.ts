import Table from 'cli-table3';
import type { FigureRow } from '../../lib/operations/systems/system.ts';
import { styled, type Terminal } from '../terminal/terminal.ts';
import { type Report, totalOf } from './demo-report.ts';

const MAX_PROBLEMS = 20;

const verdictOf = ({ unchecked }: Report): string =>
  unchecked.length === 0
    ? 'It reconciles: everything that was put in is accounted for, once and in order.'
    : `It reconciles but for what nobody checks: ${unchecked.join(', ')}. Everything else that was put in is accounted for, once and in order.`;

/** `{ eventsPublishedTwice: 49 }` as `of 49 events published twice`. */
const troubleInWords = (trouble: Readonly<Record<string, number>>): string =>
  Object.entries(trouble)
    .map(([name, count]) => `of ${count} ${name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}`)
    .join(', ');

const inWords = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${count} ${name.replaceAll('-', ' ')}`)
    .join(', ') || 'none';

/** The report for people. */
export function renderReport(terminal: Terminal, report: Report): string {
  const made = troubleInWords(report.trouble);
  const { [report.takenBy]: atTheDoor = 0, ...byConsumer } = report.duplicates;
  const rows: FigureRow[] = [
    ...report.rows,
    ['duplicates suppressed', report.duplicatesSuppressed, 'by whom:'],
    [
      `  ${report.takenBy}`,
      atTheDoor,
      `of ${report.sentTwice} accepted ${report.unit} sent twice; ${report.refusedTwice} more were refused twice`,
    ],
    ...Object.entries(byConsumer).map(([consumer, count]): FigureRow => [`  ${consumer}`, count, made]),
    ['dead-lettered', report.deadLettered, `${report.malformed} malformed messages to each consumer, and what failed:`],
    ...Object.entries(report.deadLetters).map(
      ([consumer, reasons]): FigureRow => [`  ${consumer}`, totalOf(reasons), inWords(reasons)],
    ),
    ...(report.faults === null
      ? []
      : [
          ['faults', totalOf(report.faults.made), inWords(report.faults.made)] as FigureRow,
          ['', '', `again with --seed ${report.faults.seed}`] as FigureRow,
        ]),
    ...Object.entries(report.unread).map(
      ([queue, count]): FigureRow => ['read by nobody', count, `messages in ${queue}`],
    ),
    ...report.unchecked.map((consumer): FigureRow => ['not reconciled', '', `${consumer}: nobody checks what it does`]),
    ['lost', report.lost, ''],
    ['effects twice', report.duplicatedEffects, ''],
    ['out of order', report.outOfOrder, ''],
    [
      'seconds',
      report.seconds,
      report.secondsToFirstEffect === null ? '' : `first effect after ${report.secondsToFirstEffect} s`,
    ],
  ];
  const shown = report.problems.slice(0, MAX_PROBLEMS);
  const left = report.problems.length - shown.length;
  const verdict =
    report.problems.length === 0
      ? styled(terminal, 'green', verdictOf(report))
      : styled(
          terminal,
          'red',
          `It does not reconcile:\n${[...shown, ...(left > 0 ? [`and ${left} more`] : [])]
            .map((text) => `  - ${text}`)
            .join('\n')}`,
        );
  return `${terminal.rich ? boxed(rows) : plain(rows)}\n${verdict}\n`;
}

function boxed(rows: readonly FigureRow[]): string {
  const table = new Table({
    colAligns: ['left', 'right', 'left'],
    wordWrap: true,
    colWidths: [24, 8, 64],
    style: { head: [], border: ['dim'] },
  });
  table.push(...rows.map((row) => [...row]));
  return table.toString();
}

const plain = (rows: readonly FigureRow[]): string =>
  rows
    .map(([name, value, remark]) => `${name.padEnd(22)} ${String(value).padStart(6)}  ${remark}`.trimEnd())
    .join('\n');
