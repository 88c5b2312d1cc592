import type { MemoryDynamodb } from '../../../lib/testing/services/dynamodb.ts';
import type { MemorySqs, StoredMessage } from '../../../lib/testing/services/sqs.ts';
import type { World } from '../../../lib/testing/world/world.ts';
import { isContested, type Journal, type Letter } from '../judging/journal.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { Station } from './station.ts';

export interface Redriving {
  readonly world: World;
  readonly scenario: Scenario;
  readonly sqs: MemorySqs;
  readonly dynamodb: MemoryDynamodb;
  /** Puts bytes into the log, as an operator's tool does. */
  readonly append: (partitionKey: string, data: Buffer) => void;
}

/**
 * Somebody sends dead letters back: a queue's as SQS does it, message for message with all attributes and a new id; a log's by putting
 * the bytes into it once more. By then the tables have forgotten what may be forgotten.
 */
export function redriver({ world, scenario, sqs, dynamodb, append }: Redriving) {
  return function letterCame(station: Station, message: StoredMessage, letter: Letter): void {
    const { redrive } = scenario;
    if (redrive === undefined || timesSentBack(letter.body, station.journal) >= redrive.times) return;
    // An id that two events have stays wrong, whichever of them was given up, and for whatever: sent back, it may be forgotten that the other was done.
    const event = station.journal.accepted.find(({ body }) => body === letter.body)?.event;
    if (letter.reason === 'payload-mismatch' || (event !== undefined && isContested(event, station.journal))) return;
    world.after(redrive.after, () => {
      dynamodb.expire();
      world.note(() => `sent back: ${message.id}`);
      letter.sentBack = world.now();
      sqs.queue(station.deadLetters).moveOut(message);
      const { body, attributes, group } = message;
      if (station.plan.source !== 'log') {
        const deduplicationId = `redriven-${message.id}`;
        sqs.queue(station.plan.name).send({ body, attributes, group, deduplicationId });
        return;
      }
      append(partitionKeyOf(attributes.deadLetter?.StringValue), Buffer.from(body));
    });
  };
}

const timesSentBack = (body: string, { letters }: Journal): number =>
  letters.filter((one) => one.body === body && one.sentBack !== undefined).length;

function partitionKeyOf(letter: string | undefined): string {
  const { record } = JSON.parse(letter ?? '{}') as { record?: { partitionKey?: string } };
  return record?.partitionKey ?? 'redriven';
}
