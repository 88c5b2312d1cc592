import { type Duration, days, seconds } from '../declaring/duration.ts';
import { SQS } from '../declaring/limits.ts';
import type { Channel } from './channel.ts';

/** As long as a queue can keep a message: topics do not know their queues, and logs have such a queue for dead letters. */
const LONGEST_IN_QUEUE = seconds(SQS.maxRetentionSeconds);
/** For what may come on top: a wait in the outbox, the second life of a dead letter that is sent back to its queue. */
export const CLAIM_MARGIN = days(30);

/** How long a message of a channel, and then its dead letter, can be somewhere. A FIFO queue's dead letters count from their own arrival. */
function longestLife(channel: Channel): number {
  switch (channel.kind) {
    case 'topic':
      return 2 * LONGEST_IN_QUEUE.seconds;
    case 'queue':
      return channel.retention.seconds + channel.deadLetterRetention.seconds;
    case 'log':
      return channel.retention.seconds + LONGEST_IN_QUEUE.seconds;
  }
}

/** How long claimed data must be kept so that no message outlives it, margin included. */
export const claimRetention = (channels: readonly Channel[]): Duration =>
  seconds(Math.max(...channels.map(longestLife)) + CLAIM_MARGIN.seconds);
