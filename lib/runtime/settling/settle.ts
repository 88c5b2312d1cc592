import type { SQSBatchResponse } from 'aws-lambda';
import { SQS } from '../../contracts/declaring/limits.ts';
import { backoffSeconds } from '../../contracts/declaring/retry.ts';
import { maxReceiveCountOf } from '../../contracts/subscriptions/delivery-numbers.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import { toError } from '../invocation/outcomes.ts';
import type { Runtime } from '../invocation/runtime.ts';
import { errorFields } from '../invocation/telemetry.ts';
import { checkpointOf, comesAgain, type Message, type Outcome } from '../messages/message.ts';
import type { Batch } from '../messages/sources.ts';
import { announce, giveUpLater, type LogContext, type Returned, waitForLog } from './settle-log.ts';
import { settleOne } from './settle-one.ts';

export interface SettleContext extends LogContext {
  readonly subscription: Subscription;
  readonly runtime: LogContext['runtime'] & Pick<Runtime, 'random' | 'settled'>;
  /** Epoch milliseconds until which the breaker was open when the batch came. */
  readonly openUntil: number | undefined;
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
      // A stream delivers everything from its checkpoint again; a dead letter sent now would be sent twice.
      if (checkpoint >= 0 && i > checkpoint) return { message, outcome: await giveUpLater(message, outcome, context) };
      if (outcome.kind === 'retry') {
        context.log('warn', 'will be tried again', { messageId: message.id, ...errorFields(outcome.error) });
      }
      return { message, outcome: await settleOne(message, atLastReceive(message, outcome, context), context) };
    }),
  );
  for (const { message, outcome } of settled) context.runtime.settled?.(message, outcome);
  const again = settled.filter(({ outcome }) => comesAgain(outcome));
  if (batch.stops === 'unit') await delayAll(again, context);
  else {
    await announce(results, again[0], context);
    await waitForLog(again[0], context);
  }
  // A stream's checkpoint is the lowest number reported; the records stand in the order of the shard.
  const reported = batch.stops === 'batch' ? again.slice(0, 1) : again;
  return { batchItemFailures: reported.map(({ message }) => ({ itemIdentifier: checkpointOf(message) })) };
}

/** Reason of a message that its queue would give up by itself the next time, without one. */
export const RECEIVES_EXHAUSTED = 'receives-exhausted';

/**
 * A queue counts every receive, tried or not, and moves a message to the dead letters when they are used up, without a word. What would come again after its last
 * one is given up here instead, with what is known.
 */
function atLastReceive(
  message: Message,
  outcome: Outcome,
  { subscription, triesOf, queueUrl }: SettleContext,
): Outcome {
  const { receives } = message;
  if (queueUrl === undefined || receives === undefined || !comesAgain(outcome)) return outcome;
  if (receives < maxReceiveCountOf(subscription)) return outcome;
  const cause = 'error' in outcome ? outcome.error : undefined;
  const attempts = outcome.kind === 'retry' ? outcome.attempt : triesOf(message).failed;
  const error = new Error(
    `received ${receives} times, as often as its queue allows, of which ${attempts} were failed tries. The last time: ${cause?.message ?? LAST_TIME[outcome.kind] ?? outcome.kind}`,
    { cause },
  );
  return { kind: 'rejected', reason: RECEIVES_EXHAUSTED, error, attempts };
}

const LAST_TIME: Readonly<Partial<Record<Outcome['kind'], string>>> = {
  held: 'handed back without a try, as one before it in its group failed or the time was up',
  deferred: 'deferred',
};

const HELD: Outcome = { kind: 'held' };

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
        return Math.max(
          outcome.atLeastSeconds ?? 0,
          outcome.afterSeconds ?? backoffSeconds(subscription.retry, outcome.attempt, runtime.random),
        );
      case 'deferred':
        return outcome.afterSeconds;
      case 'outage':
        return outageWait;
      default:
        return Math.max(held(outcome), waitOfUnit.get(message.unit ?? '') ?? outageWait);
    }
  };
  for (const returned of again) {
    const wait = waitOf(returned);
    if (returned.message.unit !== undefined) waitOfUnit.set(returned.message.unit, wait);
    await delay(returned.message, wait, context);
  }
}

const held = (outcome: Outcome): number => (outcome.kind === 'held' ? (outcome.afterSeconds ?? 0) : 0);

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
