import Table from 'cli-table3';
import { styled, type Terminal } from '../terminal/terminal.ts';
import type { Report } from './demo-report.ts';
import { inFigures, sumsOf, totalOf } from './sums.ts';

const MAX_PROBLEMS = 20;

const inWords = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${count} ${name.replaceAll('-', ' ')}`)
    .join(', ') || 'none';

/** The report for people. */
export function renderReport(terminal: Terminal, report: Report): string {
  const sums = sumsOf(report);
  const { 'place-order': ordersAgain = 0, ...byConsumer } = report.duplicates;
  const rows: [string, string | number, string][] = [
    ['orders in', report.orders, `${inFigures(sums.orders)} (refused: ${inWords(report.refused)})`],
    ['events', report.placed + report.cancelled, 'one for each order placed or cancelled; every consumer gets each'],
    ['charged', totalOf(report.charged), `${inWords(report.charged)}; ${inFigures(sums.charged)}`],
    ['reserved', totalOf(report.reserved), `order lines: ${inWords(report.reserved)}`],
    ['invoiced', report.invoiced, `PDFs in the bucket; ${inFigures(sums.invoiced)}`],
    [
      'e-mailed',
      report.emailed,
      `${inFigures(sums.emailed)}${report.faults === null ? '' : `; ${report.emailedAgain} once more, which ${report.emailsAtRisk} faults may cause`}`,
    ],
    ['counted', report.counted, `in sales per minute and country; ${inFigures(sums.counted)}`],
    ['duplicates suppressed', report.duplicatesSuppressed, 'by whom:'],
    [
      '  place-order',
      ordersAgain,
      `of ${report.ordersSentTwice} accepted orders sent twice; ${report.ordersRefusedTwice} more were refused twice`,
    ],
    ...Object.entries(byConsumer).map(([consumer, count]): [string, number, string] => [
      `  ${consumer}`,
      count,
      `of ${report.eventsPublishedTwice} events published twice`,
    ]),
    ['dead-lettered', report.deadLettered, `${report.malformed} malformed messages to each consumer, and what failed:`],
    ...Object.entries(report.deadLetters).map(([consumer, reasons]): [string, string | number, string] => [
      `  ${consumer}`,
      totalOf(reasons),
      inWords(reasons),
    ]),
    ...(report.faults === null
      ? []
      : [
          ['faults', totalOf(report.faults.made), inWords(report.faults.made)] as [string, number, string],
          ['', '', `again with --seed ${report.faults.seed}`] as [string, string, string],
        ]),
    ['lost', report.lost, ''],
    ['effects twice', report.duplicatedEffects, ''],
    ['out of order', report.outOfOrder, ''],
    [
      'seconds',
      report.seconds,
      report.secondsToFirstCharge === null
        ? 'no order was charged'
        : `first charge after ${report.secondsToFirstCharge} s`,
    ],
  ];
  const shown = report.problems.slice(0, MAX_PROBLEMS);
  const left = report.problems.length - shown.length;
  const verdict =
    report.problems.length === 0
      ? styled(terminal, 'green', 'It reconciles: everything that was put in is accounted for, once and in order.')
      : styled(
          terminal,
          'red',
          `It does not reconcile:\n${[...shown, ...(left > 0 ? [`and ${left} more`] : [])]
            .map((text) => `  - ${text}`)
            .join('\n')}`,
        );
  return `${terminal.rich ? boxed(rows) : plain(rows)}\n${verdict}\n`;
}

function boxed(rows: readonly (readonly [string, string | number, string])[]): string {
  const table = new Table({
    colAligns: ['left', 'right', 'left'],
    wordWrap: true,
    colWidths: [24, 8, 64],
    style: { head: [], border: ['dim'] },
  });
  table.push(...rows.map((row) => [...row]));
  return table.toString();
}

const plain = (rows: readonly (readonly [string, string | number, string])[]): string =>
  rows
    .map(([name, value, remark]) => `${name.padEnd(22)} ${String(value).padStart(6)}  ${remark}`.trimEnd())
    .join('\n');
