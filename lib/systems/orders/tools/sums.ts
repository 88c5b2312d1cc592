import type { FigureRow } from '../../../operations/systems/system.ts';
import type { OrdersFigures } from './reconcile.ts';

/** A figure of the report and what it is made of: they must add up. */
export interface Sum {
  readonly name: string;
  readonly total: number;
  readonly parts: readonly (readonly [count: number, what: string])[];
  /** Dead letters that nobody has seen: as many events may be missing. @default 0 */
  readonly unseen?: number;
}

export const totalOf = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

/** What every figure of the report is made of. */
export function sumsOf(
  report: OrdersFigures,
): Readonly<Record<'orders' | 'charged' | 'invoiced' | 'emailed' | 'counted', Sum>> {
  const { placed, cancelled, refused, charged, invoiced, emailed, emailedAgain, guests, counted } = report;
  const events = placed + cancelled;
  /** Every event was done, or owed to nobody, or given up. */
  const ofEvents = (name: string, parts: Sum['parts'], consumer: string): Sum => ({
    name,
    total: events,
    parts: [...parts, [report.givenUp[consumer] ?? 0, 'given up'] as const].filter(
      ([count], i) => i === 0 || count > 0,
    ),
    unseen: report.unseenLetters[consumer] ?? 0,
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
export const inFigures = ({ total, parts, unseen = 0 }: Sum): string =>
  `${parts.map(([count, what]) => `${count} ${what}`).join(' + ')}${unseen > 0 ? ` + up to ${unseen} given up and not seen` : ''} = ${total}`;

/** Figures that do not add up, in words. */
export const wrongSums = (sums: Readonly<Record<string, Sum>>): string[] =>
  Object.values(sums)
    .filter(({ total, parts, unseen = 0 }) => {
      const missing = total - parts.reduce((sum, [count]) => sum + count, 0);
      return missing < 0 || missing > unseen;
    })
    .map((sum) => `the figures do not add up: ${sum.name}: ${inFigures(sum)}`);

const inWords = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${count} ${name.replaceAll('-', ' ')}`)
    .join(', ') || 'none';

/** The figures for people. @param disturbed whether faults were made on purpose */
export function rowsOf(figures: OrdersFigures, disturbed: boolean): FigureRow[] {
  const sums = sumsOf(figures);
  const again = disturbed ? `; ${figures.emailedAgain} once more, which ${figures.emailsAtRisk} faults may cause` : '';
  return [
    ['orders in', figures.orders, `${inFigures(sums.orders)} (refused: ${inWords(figures.refused)})`],
    ['events', figures.placed + figures.cancelled, 'one for each order placed or cancelled; every consumer gets each'],
    ['charged', totalOf(figures.charged), `${inWords(figures.charged)}; ${inFigures(sums.charged)}`],
    ['reserved', totalOf(figures.reserved), `order lines: ${inWords(figures.reserved)}`],
    ['invoiced', figures.invoiced, `PDFs in the bucket; ${inFigures(sums.invoiced)}`],
    ['e-mailed', figures.emailed, `${inFigures(sums.emailed)}${again}`],
    ['counted', figures.counted, `in sales per minute and country; ${inFigures(sums.counted)}`],
  ];
}
