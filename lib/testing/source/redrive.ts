import { DEAD_LETTER_ATTRIBUTE, type DeadLetter } from '../../contracts/agreed/dead-letter.ts';
import type { Log, Queue } from '../../contracts/channels/channel.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import type { StoredMessage } from '../services/sqs.ts';
import type { Deployed } from './deployed.ts';

/** Sends dead letters back: a queue's message for message with all attributes and new ids, a log's by putting the bytes into it once more. */
export function redrive({ to }: Subscription<Queue | Log>, { account, deadLetters, send }: Deployed): void {
  const queue = account.sqs.queue(deadLetters);
  for (const letter of [...queue.messages]) {
    // What a mapping tells of records it gave up is no message that could go back.
    if (letter.by === 'mapping') continue;
    queue.moveOut(letter);
    const told = toldOf(letter);
    send([
      {
        events: [told?.eventId ?? letter.id],
        body: letter.body,
        attributes: to.kind === 'log' ? {} : letter.attributes,
        key: told?.record?.partitionKey ?? 'redriven',
        group: letter.group,
        deduplicationId: `redriven-${letter.id}`,
      },
    ]);
  }
}

function toldOf({ attributes }: StoredMessage): Partial<DeadLetter> | undefined {
  const told = attributes[DEAD_LETTER_ATTRIBUTE]?.StringValue;
  return told === undefined ? undefined : (JSON.parse(told) as DeadLetter);
}
