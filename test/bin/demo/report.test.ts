import { stripVTControlCharacters } from 'node:util';
import { expect, it } from 'vitest';
import { type Report, reportJson, totalOf } from '../../../bin/demo/demo-report.ts';
import { renderReport } from '../../../bin/demo/report.ts';
import type { OrdersFigures } from '../../../lib/systems/orders/tools/reconcile.ts';
import { rowsOf } from '../../../lib/systems/orders/tools/sums.ts';

const terminal = {
  ...{ json: false, rich: false, note: () => undefined, status: () => undefined },
  progress: () => ({ step: () => undefined, stop: () => undefined }),
};

/** No two figures are the same, so that none can stand where another belongs. */
const figures: OrdersFigures = {
  ...{ orders: 57, placed: 31, cancelled: 11, refused: { malformed: 8, 'unknown-order': 7 } },
  ...{ charged: { approved: 30, refunded: 9, declined: 1 }, reserved: { reserved: 101, 'back-ordered': 13 } },
  ...{ invoiced: 42, emailed: 36, emailedAgain: 0, emailsAtRisk: 17, guests: 6, counted: 41 },
  givenUp: { 'charge-card': 2, 'sales-totals': 1 },
  unseenLetters: {},
};
const report: Report = {
  ...{ system: 'orders', unit: 'orders', takenBy: 'place-order', figures: {}, rows: rowsOf(figures, false) },
  ...{ lost: 81, duplicatedEffects: 82, outOfOrder: 83, deadLettered: 21 },
  deadLetters: { 'charge-card': { malformed: 5, 'attempts-exhausted': 2 }, 'sales-totals': { malformed: 5, late: 1 } },
  ...{ unread: {}, unchecked: [], faults: null, malformed: 5, sentTwice: 14, refusedTwice: 3 },
  trouble: { eventsPublishedTwice: 4 },
  ...{ duplicatesSuppressed: 71, duplicates: { 'place-order': 12, 'send-email': 59 } },
  ...{ seconds: 61.5, secondsToFirstEffect: 2.5, problems: [] },
};
const disturbed: Report = {
  ...report,
  rows: rowsOf({ ...figures, emailedAgain: 2, emailed: 38, refused: {} }, true),
  ...{ secondsToFirstEffect: null, duplicates: {} },
  faults: { rates: { kill: 0.1 }, seed: 4711, made: { kill: 23, 'lose-response': 1 } },
  problems: Array.from({ length: 22 }, (_, n) => `problem ${n + 1}`),
};
/** Of a system that brings no trouble of its own, with what nobody reads and nobody checks. */
const unknown: Report = {
  ...report,
  ...{ system: 'talk', unit: 'words', takenBy: 'say', rows: [['words', 57, 'one after the other']], trouble: {} },
  ...{ unread: { exports: 47, leftovers: 3 }, unchecked: ['added-yesterday', 'copy'] },
  duplicates: { say: 12, copy: 59 },
};

it('says every figure where it belongs, and what it is made of', async () => {
  const text = [report, disturbed, unknown].map((one) => renderReport(terminal, one)).join('\n');
  await expect(text).toMatchFileSnapshot('kept/report.txt');
  expect(text).toContain('  - and 2 more');
  const boxed = stripVTControlCharacters(renderReport({ ...terminal, rich: true }, report));
  for (const figure of [57, 42, 36, 41, 71, 12, 59, 21, 81, 82, 83])
    expect(boxed).toMatch(new RegExp(`│ +${figure} │`));
});

it('says what nobody reads and nobody checks, and does not say that it reconciles as a whole', () => {
  const lines = renderReport(terminal, unknown).split('\n');
  expect(lines.filter((line) => line.startsWith('read by nobody'))).toEqual([
    'read by nobody             47  messages in exports',
    'read by nobody              3  messages in leftovers',
  ]);
  expect(lines.filter((line) => line.startsWith('not reconciled'))).toEqual([
    'not reconciled                 added-yesterday: nobody checks what it does',
    'not reconciled                 copy: nobody checks what it does',
  ]);
  expect(lines.at(-2)).toMatch(/^It reconciles but for what nobody checks: added-yesterday, copy\. Everything else /);
  expect(renderReport(terminal, { ...unknown, problems: ['one is lost'] })).toContain('It does not reconcile:');
});

it('for machines has the figures of the system beside the others, and no rows', () => {
  const { rows: _, figures: __, ...others } = report;
  expect(JSON.parse(reportJson({ ...report, figures: { ...figures } }))).toEqual({ ...figures, ...others });
  // What the tool says of itself no system says for it.
  expect(JSON.parse(reportJson({ ...report, figures: { lost: 0, problems: ['x'] } }))).toMatchObject({
    ...{ lost: 81, problems: [] },
  });
});

it('adds up what there is of each', () => {
  expect([totalOf({}), totalOf({ a: 1, b: 2 })]).toEqual([0, 3]);
});

it('says of the suppressed duplicates by whom, and they add up', () => {
  const lines = renderReport(terminal, report).split('\n');
  const from = lines.findIndex((line) => line.startsWith('duplicates suppressed'));
  const [total, ...byWhom] = lines.slice(from, from + 3).map((line) => Number(/(\d+)/.exec(line)?.[1]));
  expect(byWhom.reduce((sum, count) => sum + count, 0)).toBe(total);
});
