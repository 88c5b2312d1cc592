import type { Report } from './demo-report.ts';

/** A figure of the report and what it is made of: they must add up. */
export interface Sum {
  readonly name: string;
  readonly total: number;
  readonly parts: readonly (readonly [count: number, what: string])[];
}

export const totalOf = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

/** Messages that a consumer has given up, without those that were malformed on purpose. */
const givenUp = ({ deadLetters, malformed }: Report, consumer: string): number =>
  Math.max(0, totalOf(deadLetters[consumer] ?? {}) - malformed);

/** What every figure of the report is made of. */
export function sumsOf(
  report: Report,
): Readonly<Record<'orders' | 'charged' | 'invoiced' | 'emailed' | 'counted', Sum>> {
  const { placed, cancelled, refused, charged, invoiced, emailed, emailedAgain, guests, counted } = report;
  const events = placed + cancelled;
  /** Every event was done, or owed to nobody, or given up. */
  const ofEvents = (name: string, parts: Sum['parts'], consumer: string): Sum => ({
    name,
    total: events,
    parts: [...parts, [givenUp(report, consumer), 'given up'] as const].filter(([count], i) => i === 0 || count > 0),
  });
  return {
    orders: {
      name: 'orders in',
      total: report.orders,
      parts: [
        [placed, 'placed'],
        [cancelled, 'cancelled'],
        [totalOf(refused), 'refused'],
      ],
    },
    charged: ofEvents('charged', [[totalOf(charged), 'charged']], 'charge-card'),
    invoiced: ofEvents('invoiced', [[invoiced, 'invoiced']], 'make-invoice'),
    emailed: ofEvents(
      'e-mailed',
      [
        [emailed - emailedAgain, 'e-mailed'],
        [guests, 'guests left no address'],
      ],
      'send-email',
    ),
    counted: ofEvents('counted', [[counted, 'counted']], 'sales-totals'),
  };
}

/** `444 e-mailed + 38 guests left no address = 482` */
export const inFigures = ({ total, parts }: Sum): string =>
  `${parts.map(([count, what]) => `${count} ${what}`).join(' + ')} = ${total}`;

/** Figures that do not add up, in words. */
export const wrongSums = (sums: Readonly<Record<string, Sum>>): string[] =>
  Object.values(sums)
    .filter(({ total, parts }) => parts.reduce((sum, [count]) => sum + count, 0) !== total)
    .map((sum) => `the figures do not add up: ${sum.name}: ${inFigures(sum)}`);
