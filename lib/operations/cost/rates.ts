import { type Traffic, trafficOf } from '../../contracts/channels/channel.ts';
import type { SystemContract } from '../../contracts/system.ts';
import type { Assumptions } from './assumptions.ts';

/** What a channel carries on average. */
export interface Rate {
  readonly perSecond: number;
  readonly bytes: number;
  /** `peak`: what is usual was not declared and is taken from the peak. `given`: from `--rate`, without declared traffic. */
  readonly from: 'declared' | 'peak' | 'given';
}

/** Of an event nobody said anything about. */
const UNKNOWN_BYTES = 1_024;

/**
 * Messages per second of each channel. Queues without traffic of their own have that of the topic that feeds them.
 * @param perSecond for the busiest channel, the others in proportion; channels without traffic then carry as much. @default what is declared
 * @returns by name of channel; those that nobody said anything about are missing
 */
export function ratesOf({ channels }: SystemContract, a: Assumptions, perSecond?: number): Map<string, Rate> {
  const declared = new Map<string, Rate>();
  for (const channel of channels) {
    const traffic = trafficOf(channel);
    if (traffic !== undefined) declared.set(channel.name, rateOf(traffic, a));
  }
  if (perSecond === undefined) return declared;
  const busiest = Math.max(0, ...[...declared.values()].map((rate) => rate.perSecond));
  return new Map(
    channels.map(({ name }) => {
      const rate = declared.get(name);
      return rate === undefined || busiest === 0
        ? [name, { perSecond, bytes: rate?.bytes ?? UNKNOWN_BYTES, from: 'given' }]
        : [name, { ...rate, perSecond: (rate.perSecond * perSecond) / busiest }];
    }),
  );
}

const rateOf = ({ peakPerSecond, usualPerSecond, averageBytes }: Traffic, a: Assumptions): Rate =>
  usualPerSecond === undefined
    ? { perSecond: peakPerSecond * a.usualShareOfPeak, bytes: averageBytes, from: 'peak' }
    : { perSecond: usualPerSecond, bytes: averageBytes, from: 'declared' };
