/** Expected load. Feeds the number of shards, the alarms and the cost. */
export interface Traffic {
  /** Messages per second at the peak. */
  readonly peakPerSecond: number;
  /** Size of a usual message with its envelope. */
  readonly averageBytes: number;
  /** Messages per second averaged over a month: what the cost is reckoned from, and the usual that a drop is told by. @default not known */
  readonly usualPerSecond?: number;
  /** Size of the largest message with its envelope; a channel that takes less needs a claim check. @default not known */
  readonly largestBytes?: number;
}
