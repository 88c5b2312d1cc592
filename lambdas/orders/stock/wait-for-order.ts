import { type Duration, seconds } from '../../../lib/contracts/declaring/duration.ts';

/**
 * How long a cancellation waits for the order that it came before. Usually the order is there in a moment; but an order whose worker died
 * is seen again only when its visibility timeout is over, and until then the cancellation must not be given up.
 * @param attempt 1 for the first
 * @returns 2 s, 8 s, 32 s, 128 s, then 256 s
 */
export const waitForOrder = (attempt: number): Duration => seconds(Math.min(LONGEST_SECONDS, 2 * 4 ** (attempt - 1)));

const LONGEST_SECONDS = 256;
