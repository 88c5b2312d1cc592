import Table from 'cli-table3';
import type { Phase, Receives } from './measure.ts';
import type { LaneReport, OutageResult } from './run.ts';

type Row = readonly [label: string, cell: (lane: LaneReport) => string];

const PHASES: readonly Phase[] = ['before', 'during', 'after'];
const MAX_COUNTS = 6;

/** `1: 1,180, 2: 20` */
function distribution({ counts }: Receives): string {
  const entries = Object.entries(counts).toSorted(([a], [b]) => Number(a) - Number(b));
  const shown = entries.slice(0, MAX_COUNTS).map(([times, count]) => `${times}: ${count.toLocaleString('en')}`);
  return shown.concat(entries.length > MAX_COUNTS ? '...' : []).join(', ') || '-';
}

const ROWS: readonly Row[] = [
  ['sent', ({ sent }) => sent.toLocaleString('en')],
  ['done', ({ done }) => done.toLocaleString('en')],
  ['dead-lettered', ({ deadLetters }) => deadLetters.toLocaleString('en')],
  ['effects twice', ({ effectsTwice }) => String(effectsTwice)],
  ['keys out of order', ({ keysOutOfOrder = '-' }) => String(keysOutOfOrder)],
  ...PHASES.map((phase): Row => [`receives, sent ${phase}`, ({ receives }) => distribution(receives[phase])]),
  [
    'highest receive count',
    ({ receives, receivesAllowed }) =>
      `${Math.max(...PHASES.map((phase) => receives[phase].highest))} of ${receivesAllowed}`,
  ],
  ['calls while it was down', ({ callsWhileDown }) => callsWhileDown.toLocaleString('en')],
  ['trial calls among them', ({ trialsWhileDown = '-' }) => String(trialsWhileDown)],
  ['asked again after an answer', ({ askedAgain }) => String(askedAgain)],
  [
    'caught up after',
    ({ caughtUpAfterSeconds }) =>
      caughtUpAfterSeconds === undefined ? 'never' : `${caughtUpAfterSeconds.toFixed(1)} s`,
  ],
];

/** The result as a table for the terminal, and what the breakers did when. */
export function outageTable({ lanes, moments, plan }: OutageResult): string {
  const names = Object.keys(lanes);
  const table = new Table({ head: ['', ...names], style: { head: [], border: [] } });
  for (const [label, cell] of ROWS) table.push([label, ...Object.values(lanes).map(cell)]);
  const said = moments.map(
    ({ seconds, subscription, what }) => `${seconds.toFixed(1).padStart(8)} s  ${subscription.padEnd(10)} ${what}`,
  );
  return [
    `${plan.perSecond} messages a second to each; the provider down for ${plan.secondsDown} s`,
    table.toString(),
    'seconds from the beginning of the outage:',
    ...said,
  ].join('\n');
}
