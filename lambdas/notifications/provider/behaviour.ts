import { createHash } from 'node:crypto';
import type { UndeliverableReason } from '../../../lib/systems/notifications/contract.ts';

/** How the simulated providers behave: badly by seed, the same for the same seed and key, in every run and on every machine. */

/** What a request for one notification meets, beside a rate and outages. */
export type Behaviour =
  | 'deliver'
  /** The first request is answered with an error, and nothing is sent. */
  | 'error-once'
  /** The first request is never answered, and nothing is sent. */
  | 'no-answer'
  /** It is sent, and the answer is lost: nobody can know. */
  | 'lost-answer'
  /** Every request is answered with an error. */
  | 'error-always';

/** Shares of notifications that meet each behaviour; the rest are delivered. */
const SHARES: readonly (readonly [Exclude<Behaviour, 'deliver'>, number])[] = [
  ['error-once', 0.01],
  ['no-answer', 0.004],
  ['lost-answer', 0.002],
  ['error-always', 0.005],
];

/** Shares of users whom nothing will reach. */
const UNREACHABLE: readonly (readonly [UndeliverableReason, number])[] = [
  ['bad-address', 0.015],
  ['unsubscribed', 0.015],
];

export const behaviourOf = (seed: string, key: string): Behaviour => pick(SHARES, `${seed}\n${key}`) ?? 'deliver';

/** Why a user cannot be notified in this way; undefined: they can. */
export const refusalOf = (seed: string, channel: string, user: string): UndeliverableReason | undefined =>
  pick(UNREACHABLE, `${seed}\n${channel}/${user}`);

function pick<T>(shares: readonly (readonly [T, number])[], text: string): T | undefined {
  const draw = createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
  let edge = 0;
  for (const [one, share] of shares) {
    edge += share;
    if (draw < edge) return one;
  }
  return undefined;
}
