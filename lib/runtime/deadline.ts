import { toMillis } from '../contracts/duration.ts';
import type { Subscription } from '../contracts/subscription.ts';

/** Units of one batch that are in work at once. */
export const DEFAULT_PARALLEL_UNITS = 10;

const MAX_RESERVE_MILLIS = 3_000;
const RESERVE_SHARE = 0.2;

/** Milliseconds before the function's end when no further message is started: time to finish, settle and answer. */
export const reserveMillis = (s: Subscription): number =>
  Math.min(MAX_RESERVE_MILLIS, toMillis(s.timeout) * RESERVE_SHARE);
