import { notTakenBySqs } from '../aws/answers.ts';
import type { GivenUp } from '../control/given-up.ts';
import type { KnownTries, Tries } from '../control/tries.ts';
import { type GiveUpContext, giveUpIfDue } from '../dead-letters/give-up.ts';
import { toError } from '../invocation/outcomes.ts';
import type { Runtime } from '../invocation/runtime.ts';
import { errorFields } from '../invocation/telemetry.ts';
import { comesAgain, type Message, type Outcome, type Rejected } from '../messages/message.ts';

/** What settling a message needs to know of its tries. */
export interface CountedContext extends GiveUpContext {
  /** Queues only. */
  readonly queueUrl: string | undefined;
  /** Undefined where receives must do for attempts. */
  readonly tries: Tries | undefined;
  readonly givenUp: GivenUp | undefined;
  readonly triesOf: (message: Message) => KnownTries;
}

/**
 * Sends what is due to the dead letters (`give-up.ts`). What was counted of a message goes with the decision, but not before it is acknowledged: should the
 * function end in between, it comes again with its tries used up. A record of a stream cannot be acknowledged alone; what was counted of it is
 * never asked for again.
 */
export async function settleOne(message: Message, outcome: Outcome, context: CountedContext): Promise<Outcome> {
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
export async function noteUndelivered(
  message: Message,
  { reason, error, attempts = message.receives ?? 1 }: Rejected,
  { tries, givenUp, log }: CountedContext,
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
