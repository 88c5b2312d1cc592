import { InvalidArgumentError } from 'commander';
import { shardSteps } from '../../lib/lint/plan/checks-of-logs.ts';
import { type Capacity, capacityOf, type Plan, roundedByHand } from '../../lib/operations/capacity/capacity.ts';
import { type Alternative, compare } from '../../lib/operations/capacity/compare.ts';
import { DEFAULT_ASSUMPTIONS } from '../../lib/operations/cost/assumptions.ts';
import { PRICE_LIST_DATE, type Region } from '../../lib/operations/cost/price-list.ts';
import { bytesText, dollars, timeText, whole } from '../terminal/figures.ts';
import { renderTable } from '../terminal/table.ts';
import { openTerminal, styled, type Terminal } from '../terminal/terminal.ts';

export interface CapacityOptions {
  readonly producers: number;
  readonly rate: number;
  readonly peak?: number;
  readonly bytes: number;
  readonly retention: number;
  readonly copies: number;
  readonly perConsumer: number;
  readonly readers: number;
  readonly outage?: number;
  /** Shards that the log has now. */
  readonly shards?: number;
  readonly batch: number;
  readonly duration: number;
  readonly region: Region;
  readonly json: boolean;
}

/** Prints what a log needs for the traffic, and what the traffic costs on each service. */
export async function capacity(
  options: CapacityOptions,
  print: (text: string) => void = (text) => void process.stdout.write(`${text}\n`),
): Promise<number> {
  check(options);
  const plan: Plan = {
    perSecond: options.producers * options.rate,
    peakPerSecond: options.peak === undefined ? undefined : options.producers * options.peak,
    bytes: options.bytes,
    retentionSeconds: options.retention,
    copies: options.copies,
    perConsumer: options.perConsumer,
    readers: options.readers,
    outageSeconds: options.outage,
  };
  const needed = capacityOf(plan);
  const byHand = roundedByHand(needed, plan.retentionSeconds, plan.copies);
  const alternatives = compare(plan, {
    region: options.region,
    durationMs: options.duration,
    memoryMib: DEFAULT_ASSUMPTIONS.memoryMib,
    perInvocation: options.batch,
  });
  if (options.json) {
    print(
      JSON.stringify({
        plan,
        capacity: needed,
        byHand,
        ...(options.shards === undefined ? {} : { steps: shardSteps(options.shards, needed.shards) }),
        priceList: PRICE_LIST_DATE,
        region: options.region,
        alternatives,
      }),
    );
    return 0;
  }
  const rows = [...capacityRows(plan, needed), ...stepRows(options.shards, needed.shards)];
  print(report(rows, alternatives, options.region, openTerminal(options)));
  return 0;
}

/** What one option alone cannot know. */
function check({ rate, peak = rate, retention, outage = 0 }: CapacityOptions): void {
  if (peak < rate) {
    throw new InvalidArgumentError(
      `--peak ${peak} must not be below --rate ${rate}: the peak is the most that is ever sent. Raise --peak, or leave it out.`,
    );
  }
  if (retention <= outage) {
    throw new InvalidArgumentError(
      `--retention ${timeText(retention)} must be longer than --outage ${timeText(outage)}: what expires unread is lost. Raise --retention.`,
    );
  }
}

function report(
  rows: readonly (readonly string[])[],
  alternatives: readonly Alternative[],
  region: Region,
  terminal: Terminal,
): string {
  return [
    renderTable(terminal, ['capacity', '', 'from'], rows),
    '',
    styled(
      terminal,
      'bold',
      `The same traffic, a month, in USD (${region}, prices of ${PRICE_LIST_DATE}, without free tiers)`,
    ),
    renderTable(
      terminal,
      ['carried by', 'USD a month', 'per million', 'taken for granted'],
      alternatives.map(({ name, dollars: sum, perMillion, takes, charges }) => [
        charges.every(({ confirmed }) => confirmed) ? name : `${name} (prices not confirmed)`,
        dollars(sum),
        perMillion.toFixed(3),
        takes,
      ]),
    ),
  ].join('\n');
}

/** UpdateShardCount for one stream in 24 hours. https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html */
const STEPS_A_DAY = 10;

/** How a log that is there gets to the shards it needs. @param from undefined: it is not said how many it has */
function stepRows(from: number | undefined, to: number): (readonly string[])[] {
  if (from === undefined) return [];
  const steps = shardSteps(from, to);
  const days = Math.ceil(steps.length / STEPS_A_DAY);
  if (steps.length === 0) return [[`steps from ${whole(from)}`, 'none', 'it has as many as it needs']];
  const rule = 'at most double and at least half in a step, ten steps in 24 hours; a deployment for each';
  return [[`steps from ${whole(from)}`, steps.join(', '), days > 1 ? `${rule}: ${days} days` : rule]];
}

function capacityRows(plan: Plan, c: Capacity): (readonly string[])[] {
  const hand = roundedByHand(c, plan.retentionSeconds, plan.copies);
  // Of little use below: a day of 0.2 TB is none.
  const byHand = (text: string) => (hand.terabytesPerDay < 1 ? '' : `; by hand: ${text}`);
  const { records, bytes, read } = c.needsAtPeak;
  return [
    ['messages', `${whole(c.messagesPerSecond)}/s`, 'producers x rate'],
    ['bytes', `${bytesText(c.bytesPerSecond)}/s`, `x ${bytesText(plan.bytes)}`],
    ['a day', bytesText(c.bytesPerDay), `x 86,400 s${byHand(`rounded to ${whole(hand.terabytesPerDay)} TB`)}`],
    [
      'kept',
      bytesText(c.bytesKept),
      `x ${timeText(plan.retentionSeconds)}${byHand(`${whole(hand.terabytesKept)} TB`)}`,
    ],
    ['stored', bytesText(c.bytesStored), `x ${plan.copies} copies${byHand(`${hand.petabytesStored.toFixed(1)} PB`)}`],
    ['consumers', whole(c.consumers), `at ${whole(plan.perConsumer)}/s each`],
    ['partitions', whole(c.partitions), 'consumers x 2, for growth; one partition feeds one consumer'],
    ['provide for', `${whole(c.provisionPerSecond)}/s`, '3 x what is usual, or 2 x the peak'],
    [
      'Kinesis shards',
      whole(c.shards),
      `for that; the peak itself takes ${whole(Math.ceil(records))} by records, ${whole(Math.ceil(bytes))} by bytes, ${whole(Math.ceil(read))} by reading`,
    ],
    ['alarm at a lag of', timeText(c.alarmAtSeconds), 'half of the retention'],
    ...(plan.outageSeconds === undefined || c.catchUpSeconds === undefined
      ? []
      : [
          [
            'caught up after',
            timeText(c.catchUpSeconds),
            `an outage of ${timeText(plan.outageSeconds)}, reading as fast as provided for`,
          ],
        ]),
  ];
}
