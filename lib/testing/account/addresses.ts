import { channelEnv, ENV, schedulesEnv } from '../../contracts/agreed/environment.ts';
import type { Channel } from '../../contracts/channels/channel.ts';
import type { Outbox } from '../../contracts/channels/outbox.ts';
import { topicArn } from '../services/sns.ts';
import { type QueueSpec, queueArn, queueUrl } from '../services/sqs.ts';
import { OUTBOX_NAME } from './outbox.ts';

export const INBOX_NAME = 'inbox';
export const CLAIMS_NAME = 'claims';
export const DEAD_LETTER_BUCKET_NAME = 'dead-letters';

/** What every function of a test finds in its environment. */
export const environmentOf = (
  channels: readonly Channel[],
  outbox: Outbox | undefined,
): Readonly<Record<string, string>> => ({
  AWS_REGION: 'us-east-1',
  [ENV.inboxTable]: INBOX_NAME,
  [ENV.claims]: CLAIMS_NAME,
  [ENV.deadLetterBucket]: DEAD_LETTER_BUCKET_NAME,
  ...(outbox === undefined ? {} : { [ENV.outboxTable]: OUTBOX_NAME }),
  ...Object.fromEntries(channels.map((channel) => [channelEnv(channel), addressOf(channel)])),
  ...Object.fromEntries(
    channels.filter(({ kind }) => kind === 'queue').map((queue) => [schedulesEnv(queue), scheduleTargetOf(queue)]),
  ),
});

const VISIBILITY_MILLIS = 30_000;
/** A queue that nobody consumes here. */
export const plainQueue = ({ name, order }: Channel): QueueSpec => ({
  name,
  fifo: order === 'per-key',
  visibilityMillis: VISIBILITY_MILLIS,
});

function addressOf({ kind, name }: Channel): string {
  if (kind === 'topic') return topicArn(name);
  return kind === 'queue' ? queueUrl(name) : name;
}

const scheduleTargetOf = ({ name, order }: Channel): string =>
  JSON.stringify({
    group: 'schedules',
    roleArn: 'arn:aws:iam::000000000000:role/scheduler',
    queueArn: queueArn(order === 'per-key' ? `${name}.fifo` : name),
    deadLettersArn: queueArn('schedules-dead-letters'),
  });
