import type { SQSBatchResponse } from 'aws-lambda';
import { maxReceiveCountOf } from '../contracts/delivery-numbers.ts';
import { SQS } from '../contracts/limits.ts';
import { backoffSeconds } from '../contracts/retry.ts';
import type { Subscription } from '../contracts/subscription.ts';
import { notTakenBySqs } from './answers.ts';
import { type GiveUpContext, giveUpIfDue } from './give-up.ts';
import type { GivenUp } from './given-up.ts';
import { checkpointOf, comesAgain, type Message, type Outcome } from './message.ts';
import { toError } from './outcomes.ts';
import type { Runtime } from './runtime.ts';
import type { Batch } from './sources.ts';
import { errorFields } from './telemetry.ts';
import type { KnownTries, Tries } from './tries.ts';

export interface SettleContext extends GiveUpContext {
  readonly subscription: Subscription;
  /** Queues only. */
  readonly queueUrl: string | undefined;
  readonly runtime: GiveUpContext['runtime'] & Pick<Runtime, 'random' | 'sleep'>;
  /** Undefined where receives must do for attempts. */
  readonly tries: Tries | undefined;
  readonly givenUp: GivenUp | undefined;
  readonly triesOf: (message: Message) => KnownTries;
  /** Milliseconds that the function may yet wait before it answers. */
  readonly millisToWait: () => number;
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

/**
 * A log has no visibility timeout: its mapping brings a batch back at once, and each time is one of its retries, after which it gives the
 * batch up without a reason. So what asked for a wait gets it here, as far as there is time.
 */
async function waitForLog(first: Returned | undefined, { runtime, millisToWait }: SettleContext): Promise<void> {
  if (first === undefined) return;
  const wait = MILLIS_PER_SECOND * askedSeconds(first.outcome);
  if (wait > 0) await runtime.sleep(Math.max(0, Math.min(wait, millisToWait())));
}

function askedSeconds(outcome: Outcome): number {
  if (outcome.kind === 'deferred' || outcome.kind === 'held') return outcome.afterSeconds ?? 0;
  return outcome.kind === 'retry' ? Math.max(outcome.afterSeconds ?? 0, outcome.atLeastSeconds ?? 0) : 0;
}

/** What has had its tries is not tried again when it comes with those before it: its dead letter is all that is left to do. */
async function giveUpLater(message: Message, outcome: Outcome, context: SettleContext): Promise<Outcome> {
  const isNew = context.triesOf(message).undelivered === undefined;
  if (outcome.kind === 'rejected' && outcome.attempts !== undefined && !outcome.sent && isNew)
    await noteUndelivered(message, outcome, context);
  return HELD;
}

/**
 * The next batch begins with the record of the checkpoint, and only its first message is asked whether it has tries. When that one has none, but others that
 * come with it do, it says so.
 */
async function announce(
  results: readonly Returned[],
  checkpoint: Returned | undefined,
  { tries, triesOf, log }: SettleContext,
): Promise<void> {
  if (tries === undefined || checkpoint === undefined) return;
  const record = checkpointOf(checkpoint.message);
  const from = results.findIndex(({ message }) => checkpointOf(message) === record);
  const [first, ...others] = results.slice(from);
  const hasTries = ({ message, outcome }: Returned) =>
    outcome.kind === 'retry' ||
    (outcome.kind === 'rejected' && outcome.attempts !== undefined) ||
    (comesAgain(outcome) && triesOf(message).noted);
  if (first === undefined || hasTries(first) || !others.some(hasTries)) return;
  try {
    await tries.precedes(first.message);
  } catch (thrown) {
    const next = 'the handlers of those behind it are told a lower attempt; the tries themselves are counted';
    log('warn', 'tries could not be announced', { messageId: first.message.id, next, ...errorFields(toError(thrown)) });
  }
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

/**
 * Sends what is due to the dead letters (`give-up.ts`). What was counted of a message goes with the decision, but not before it is acknowledged: should the
 * function end in between, it comes again with its tries used up. A record of a stream cannot be acknowledged alone; what was counted of it is
 * never asked for again.
 */
export async function settleOne(
  message: Message,
  outcome: Outcome,
  context: GiveUpContext & Counted,
): Promise<Outcome> {
  const settled = await giveUpIfDue(message, outcome, context);
  if (context.tries === undefined || (outcome.kind !== 'rejected' && outcome.kind !== 'parked')) return settled;
  const known = context.triesOf(message);
  if (outcome.kind === 'rejected' && comesAgain(settled)) {
    if (known.undelivered === undefined) await noteUndelivered(message, outcome, context);
    return settled;
  }
  const counted = outcome.attempts !== undefined || known.noted;
  if (!counted || outcome.reason === undefined || alreadySent(outcome)) return settled;
  try {
    // What is parked lies there, whether it comes again or not. A stream read again from an earlier record, on purpose, has its tries.
    const over = outcome.kind === 'parked' || (context.queueUrl === undefined && known.undelivered !== undefined);
    if (over || (await acknowledged(message, context))) await context.tries.forget(message);
  } catch (thrown) {
    // It expires, and a message that is sent again has another id.
    context.log('warn', 'its attempts could not be forgotten', {
      messageId: message.id,
      ...errorFields(toError(thrown)),
    });
  }
  return settled;
}

/** Its dead letter is tried again, and not its handler. */
async function noteUndelivered(
  message: Message,
  { reason, error, attempts = message.receives ?? 1 }: Extract<Outcome, { kind: 'rejected' }>,
  { tries, givenUp, log }: Counted & Pick<GiveUpContext, 'log'>,
): Promise<void> {
  try {
    await tries?.undelivered(message, { reason, message: error.message, attempts });
    if (message.within !== undefined) await givenUp?.noteUndelivered(message);
  } catch (thrown) {
    const next = 'it is handled once more before its dead letter is tried again';
    log('warn', 'what was given up could not be noted', {
      messageId: message.id,
      next,
      ...errorFields(toError(thrown)),
    });
  }
}

/** Acknowledges one message before the function answers: Lambda does it again then. @returns whether it can come again no more */
export async function acknowledged(
  { receiptHandle: ReceiptHandle }: Message,
  { queueUrl: QueueUrl, runtime }: { readonly queueUrl: string | undefined; readonly runtime: Pick<Runtime, 'aws'> },
): Promise<boolean> {
  if (QueueUrl === undefined || ReceiptHandle === undefined) return false;
  const Entries = [{ Id: '0', ReceiptHandle }];
  const answer = await runtime.aws('sqs', 'DeleteMessageBatch', { QueueUrl, Entries });
  return notTakenBySqs(Entries, answer).length === 0;
}

const alreadySent = (outcome: Outcome): boolean => outcome.kind === 'rejected' && outcome.sent === true;

type Counted = Pick<SettleContext, 'queueUrl' | 'tries' | 'triesOf' | 'givenUp'>;

interface Returned {
  readonly message: Message;
  readonly outcome: Outcome;
}

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
