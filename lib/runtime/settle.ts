import type { SQSBatchResponse } from 'aws-lambda';
import { SQS } from '../contracts/limits.ts';
import { backoffSeconds } from '../contracts/retry.ts';
import type { Subscription } from '../contracts/subscription.ts';
import { describeFailure, sendDeadLetter } from './dead-letters.ts';
import { ATTEMPTS_EXHAUSTED } from './handle-message.ts';
import { checkpointOf, inOneRecord, type Message, type Outcome } from './message.ts';
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
  /** Epoch milliseconds until which the breaker was open when the batch came. */
  readonly openUntil: number | undefined;
  readonly log: Log;
}

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
      // A stream delivers everything from its checkpoint again, of an aggregated record also what is before the failure; a dead
      // letter sent now would be sent twice.
      if (checkpoint >= 0 && (i > checkpoint || (i < checkpoint && inOneRecord(message, results[checkpoint]?.message))))
        return { message, outcome: HELD };
      return { message, outcome: await giveUpIfDue(message, outcome, context) };
    }),
  );
  const again = settled.filter(({ outcome }) => comesAgain(outcome));
  if (batch.stops === 'unit') await delayAll(again, context);
  // A stream's checkpoint is the lowest number reported; the records stand in the order of the shard.
  const reported = batch.stops === 'batch' ? again.slice(0, 1) : again;
  return { batchItemFailures: reported.map(({ message }) => ({ itemIdentifier: checkpointOf(message) })) };
}

interface Returned {
  readonly message: Message;
  readonly outcome: Outcome;
}

const HELD: Outcome = { kind: 'held' };
const COMES_AGAIN: ReadonlySet<Outcome['kind']> = new Set(['retry', 'deferred', 'outage', 'held']);
const comesAgain = ({ kind }: Outcome): boolean => COMES_AGAIN.has(kind);

/** Sends what was given up to the dead letters. If that fails it is tried again, unless it is parked, where nothing is lost. */
async function giveUpIfDue(message: Message, outcome: Outcome, context: SettleContext): Promise<Outcome> {
  const { subscription, log, runtime } = context;
  if (outcome.kind === 'retry') {
    log('warn', 'will be tried again', { messageId: message.id, ...errorFields(outcome.error) });
  }
  if (outcome.kind !== 'rejected' && outcome.kind !== 'parked') return outcome;
  const { reason, error: cause } = outcome;
  if (reason === undefined || cause === undefined) return outcome;
  const letter = describeFailure(subscription.name, message, reason, cause, runtime.now());
  try {
    await sendDeadLetter(runtime.aws, context.deadLetterQueueUrl, message, letter);
  } catch (thrown) {
    const error = toError(thrown);
    log('error', 'the dead letter could not be sent', { messageId: message.id, ...errorFields(error) });
    return outcome.kind === 'parked' ? outcome : { kind: 'retry', error, attempt: 1 };
  }
  // What makes a body unreadable may quote it, and bodies stay out of the logs: the dead letter has the words.
  const details = reason === ATTEMPTS_EXHAUSTED ? errorFields(cause) : {};
  const { fingerprint } = letter;
  log('error', outcome.kind === 'parked' ? 'parked' : 'dead-lettered', {
    messageId: message.id,
    reason,
    fingerprint,
    ...details,
  });
  return outcome;
}

/**
 * Backoff per message through its visibility timeout. What was held behind a failure gets the same wait: a FIFO group is
 * served again only when none of its messages is in flight. What an outage holds back waits until the breaker tries again.
 */
async function delayAll(again: readonly Returned[], context: SettleContext): Promise<void> {
  const { subscription, runtime, openUntil } = context;
  const closedIn = openUntil === undefined ? 0 : Math.max(0, (openUntil - runtime.now()) / MILLIS_PER_SECOND);
  const outage = again.some(({ outcome }) => outcome.kind === 'outage');
  const outageWait = Math.max(closedIn, outage ? (subscription.breaker?.coolDown.seconds ?? 0) : 0);
  const waitOfUnit = new Map<string, number>();
  const waitOf = ({ message, outcome }: Returned): number => {
    switch (outcome.kind) {
      case 'retry':
        return outcome.afterSeconds ?? backoffSeconds(subscription.retry, outcome.attempt, runtime.random);
      case 'deferred':
        return outcome.afterSeconds;
      case 'outage':
        return outageWait;
      default:
        return waitOfUnit.get(message.unit ?? '') ?? outageWait;
    }
  };
  for (const returned of again) {
    const wait = waitOf(returned);
    if (returned.message.unit !== undefined) waitOfUnit.set(returned.message.unit, wait);
    await delay(returned.message, wait, context);
  }
}

const MILLIS_PER_SECOND = 1_000;

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
