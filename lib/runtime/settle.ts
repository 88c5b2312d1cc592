import type { SQSBatchResponse } from 'aws-lambda';
import { SQS } from '../contracts/limits.ts';
import { backoffSeconds } from '../contracts/retry.ts';
import type { Subscription } from '../contracts/subscription.ts';
import { describeFailure, sendDeadLetter } from './dead-letters.ts';
import type { Message, Outcome } from './message.ts';
import { toError } from './outcomes.ts';
import type { Runtime } from './runtime.ts';
import type { Batch } from './sources.ts';
import { errorFields, type Log } from './telemetry.ts';

export interface SettleContext {
  readonly subscription: Subscription;
  readonly deadLetterQueueUrl: string;
  /** Queues only. */
  readonly queueUrl: string | undefined;
  readonly runtime: Pick<Runtime, 'aws' | 'now' | 'random'>;
  readonly log: Log;
}

/** Reason of a message that used up its attempts. */
export const ATTEMPTS_EXHAUSTED = 'attempts-exhausted';

/**
 * Turns outcomes into what the event source understands: dead letters are sent, waits are set, and what is to come again is
 * reported. Afterwards every message is acknowledged, in the dead letters, or will be delivered again.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export async function settle(
  batch: Batch,
  outcomes: ReadonlyMap<Message, Outcome>,
  context: SettleContext,
): Promise<SQSBatchResponse> {
  const results = batch.messages.map((message): Returned => ({ message, outcome: outcomes.get(message) ?? HELD }));
  const checkpoint = batch.stops === 'batch' ? results.findIndex(({ outcome }) => comesAgain(outcome)) : -1;
  const settled = await Promise.all(
    results.map(async ({ message, outcome }, i): Promise<Returned> => {
      // A stream delivers everything from its checkpoint again; a dead letter sent now would be sent twice.
      if (checkpoint >= 0 && i > checkpoint) return { message, outcome: HELD };
      return { message, outcome: await giveUpIfDue(message, outcome, context) };
    }),
  );
  const again = settled.filter(({ outcome }) => comesAgain(outcome));
  if (batch.stops === 'unit') await delayAll(again, context);
  // A stream's checkpoint is the lowest number reported; the records stand in the order of the shard.
  const reported = batch.stops === 'batch' ? again.slice(0, 1) : again;
  return { batchItemFailures: reported.map(({ message }) => ({ itemIdentifier: message.id })) };
}

interface Returned {
  readonly message: Message;
  readonly outcome: Outcome;
}

const HELD: Outcome = { kind: 'held' };
const comesAgain = ({ kind }: Outcome): boolean => kind === 'retry' || kind === 'held';

/** Sends rejected messages, and those whose attempts are used up, to the dead letters. If that fails they are tried again. */
async function giveUpIfDue(message: Message, outcome: Outcome, context: SettleContext): Promise<Outcome> {
  const { subscription, log, runtime } = context;
  const exhausted =
    outcome.kind === 'retry' && message.receives !== undefined && message.receives >= subscription.retry.attempts;
  if (outcome.kind !== 'rejected' && !exhausted) {
    if (outcome.kind === 'retry')
      log('warn', 'will be tried again', { messageId: message.id, ...errorFields(outcome.error) });
    return outcome;
  }
  const reason = outcome.kind === 'rejected' ? outcome.reason : ATTEMPTS_EXHAUSTED;
  const letter = describeFailure(subscription.name, message, reason, outcome.error, runtime.now());
  try {
    await sendDeadLetter(runtime.aws, context.deadLetterQueueUrl, message, letter);
  } catch (thrown) {
    const error = toError(thrown);
    log('error', 'the dead letter could not be sent', { messageId: message.id, ...errorFields(error) });
    return { kind: 'retry', error };
  }
  // What makes a body unreadable may quote it, and bodies stay out of the logs: the dead letter has the words.
  const details = exhausted ? errorFields(outcome.error) : {};
  log('error', 'dead-lettered', { messageId: message.id, reason, fingerprint: letter.fingerprint, ...details });
  return { kind: 'rejected', reason, error: outcome.error };
}

/**
 * Backoff per message through its visibility timeout. What was held behind a failure gets the same wait: a FIFO group is
 * served again only when none of its messages is in flight.
 */
async function delayAll(again: readonly Returned[], context: SettleContext): Promise<void> {
  const waitOfUnit = new Map<string, number>();
  for (const { message, outcome } of again) {
    if (outcome.kind !== 'retry') continue;
    const wait =
      outcome.afterSeconds ?? backoffSeconds(context.subscription.retry, message.receives ?? 1, context.runtime.random);
    if (message.unit !== undefined) waitOfUnit.set(message.unit, wait);
    await delay(message, wait, context);
  }
  for (const { message, outcome } of again) {
    if (outcome.kind === 'held') await delay(message, waitOfUnit.get(message.unit ?? '') ?? 0, context);
  }
}

async function delay(message: Message, seconds: number, { queueUrl, log, runtime }: SettleContext): Promise<void> {
  if (queueUrl === undefined || message.receiptHandle === undefined) return;
  const VisibilityTimeout = Math.min(SQS.maxVisibilitySeconds, Math.ceil(seconds));
  try {
    await runtime.aws('sqs', 'ChangeMessageVisibility', {
      QueueUrl: queueUrl,
      ReceiptHandle: message.receiptHandle,
      VisibilityTimeout,
    });
  } catch (thrown) {
    // The message then waits for the queue's own visibility timeout: later, but not lost.
    log('warn', 'the wait could not be set', { messageId: message.id, ...errorFields(toError(thrown)) });
  }
}
