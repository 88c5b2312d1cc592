import { LANES, type Lane, type ProviderLimit } from './contract.ts';

/**
 * Who comes later than this to its turn at a provider has missed it and takes another, ms: an instance that was frozen, or starved, must not send all that it had
 * at once. The longer, the less of the provider's rate is used.
 */
export const TOLERANCE_MILLIS = 200;

/** A part of a lane's rate: an item of its own, because an item of a table takes only so many writes a second. */
export interface LaneRate {
  /** How many timelines the lane has. */
  readonly timelines: number;
  /** Between two turns of one of them, ms. */
  readonly interval: number;
}

const MILLIS_PER_SECOND = 1_000;
/**
 * Turns a second of one timeline at most: at a write for every turn, which is the worst, half of what a partition of a table takes.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
 */
const MOST_PER_TIMELINE = 500;

/**
 * The lanes' parts of a provider's rate. In no second does the provider get more requests than it takes, wherever that second begins: turns of any second and the
 * tolerance before it are at most its rate x (1 + tolerance), and one more for each timeline.
 * @throws RangeError for a rate that is too small to be parted
 */
export function ratesOf({ perSecond, urgentShare }: ProviderLimit): Readonly<Record<Lane, LaneRate>> {
  if (!(urgentShare > 0 && urgentShare < 1))
    throw new RangeError(
      `urgentShare must be above 0 and below 1 (given ${urgentShare}): both lanes need some of the rate`,
    );
  const share = { urgent: urgentShare, bulk: 1 - urgentShare };
  const timelines = (lane: Lane): number => Math.ceil((perSecond * share[lane]) / MOST_PER_TIMELINE);
  const all = LANES.reduce((sum, lane) => sum + timelines(lane), 0);
  const usable = (perSecond - all) / (1 + TOLERANCE_MILLIS / MILLIS_PER_SECOND);
  if (usable < LANES.length)
    throw new RangeError(`perSecond must be 5 or more (given ${perSecond}): less cannot be parted between the lanes`);
  const rateOf = (lane: Lane): LaneRate => ({
    timelines: timelines(lane),
    interval: (MILLIS_PER_SECOND * timelines(lane)) / (usable * share[lane]),
  });
  return { urgent: rateOf('urgent'), bulk: rateOf('bulk') };
}
