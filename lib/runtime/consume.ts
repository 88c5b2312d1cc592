import middy from '@middy/core';
import type { Context, SQSBatchResponse } from 'aws-lambda';
import type { Subscription } from '../contracts/subscription.ts';
import { notTakenBySqs } from './answers.ts';
import { type Consumer, type ConsumerOptions, deployedConsumer } from './consumer.ts';
import type { ControlState } from './control-items.ts';
import { DEFAULT_PARALLEL_UNITS, reserveMillis } from './deadline.ts';
import { giveUpIfDue } from './give-up.ts';
import { handleMessage, type Invocation } from './handle-message.ts';
import type { Handlers } from './handler.ts';
import { openBatch } from './kept-messages.ts';
import { measure } from './measure.ts';
import type { Message, Outcome } from './message.ts';
import { toError } from './outcomes.ts';
import { memberOf } from './read-message.ts';
import { isResume, type Resumed, resumeKey } from './resume.ts';
import { settle } from './settle.ts';
import { type Batch, readBatch } from './sources.ts';
import { type Log, logger } from './telemetry.ts';
import { runUnits } from './units.ts';

export type { ConsumerOptions } from './consumer.ts';
export type { Handler, HandlerContext, Handlers } from './handler.ts';

/**
 * The consumer of a subscription as a Lambda handler: a Middy handler, so `.use()` adds your middleware.
 * For every message: read, check, ask breaker, parking and inbox, handle, settle, measure.
 * @throws MissingEnvironment while the function initialises, when it was deployed without its inbox, queue or dead letters
 */
export function consume<S extends Subscription>(
  subscription: S,
  handlers: NoInfer<Handlers<S['to']['events'][number]>>,
  options: ConsumerOptions = {},
) {
  const consumer = deployedConsumer(subscription, options);
  const { runtime } = consumer;
  return middy(async (event: unknown, context: Context): Promise<SQSBatchResponse | Resumed> => {
    const invocation: Invocation = {
      consumer,
      handlers: handlers as Invocation['handlers'],
      context,
      log: logger({ subscription: subscription.name, requestId: context.awsRequestId }, runtime.write),
      observed: { ages: [], durations: [] },
      done: new Map(),
    };
    if (isResume(event)) return resumeKey(event.resume, invocation);
    const all = await openBatch(readBatch(event), consumer.kept);
    const atMostOnce = subscription.guarantee === 'at-most-once';
    const kept = atMostOnce ? await acknowledgeFirst(all, consumer, invocation.log) : NONE;
    const batch = kept.size === 0 ? all : { ...all, messages: all.messages.filter((message) => !kept.has(message)) };
    const control = await consumer.readControl(batch.messages);
    const outcomes = await runBatch(batch, control, invocation);
    await informBreaker([...outcomes.values()], control, invocation);
    measure(subscription, batch, outcomes, invocation.observed, runtime);
    if (atMostOnce) return { batchItemFailures: [...kept].map(({ id }) => ({ itemIdentifier: id })) };
    return settle(batch, outcomes, { ...consumer, openUntil: control.openUntil, log: invocation.log });
  });
}

async function runBatch(batch: Batch, control: ControlState, invocation: Invocation): Promise<Map<Message, Outcome>> {
  const { consumer, context } = invocation;
  const { subscription, parking, breaker } = consumer;
  const reserve = reserveMillis(subscription);
  const parkedKeys = new Set(control.parkedKeys);
  const admitted = breaker?.admit(control) ?? 'all';
  let trials = admitted === 'all' ? Number.POSITIVE_INFINITY : admitted === 'one' ? 1 : 0;

  async function handle(message: Message): Promise<Outcome> {
    try {
      if (control.wasGivenUp(message)) return { kind: 'duplicate' };
      const outcome = await handleOrPark(message);
      return message.within === undefined ? outcome : await settleWithin(message, outcome);
    } catch (thrown) {
      // The inbox table itself is in trouble: nothing was decided about the message, so it comes again.
      return { kind: 'retry', error: toError(thrown), attempt: message.receives ?? 1 };
    }
  }

  async function handleOrPark(message: Message): Promise<Outcome> {
    const key = message.unit;
    if (parking === undefined || key === undefined) return handleMessage(message, invocation);
    if (parkedKeys.has(key) && (await parking.park(key, message))) return { kind: 'parked' };
    const outcome = await handleMessage(message, invocation);
    if (outcome.kind !== 'rejected') return outcome;
    await parking.park(key, message, outcome.reason);
    parkedKeys.add(key);
    return { ...outcome, kind: 'parked' };
  }

  /**
   * An event in an aggregated record cannot wait for the end of the batch to be given up: if the record comes again, it comes again
   * as a whole.
   */
  async function settleWithin(message: Message, outcome: Outcome): Promise<Outcome> {
    const settled = await giveUpIfDue(message, outcome, { ...consumer, log: invocation.log });
    if (settled.kind === 'rejected' || settled.kind === 'parked') await consumer.givenUp?.note(message);
    return settled;
  }

  return runUnits(batch.messages, unitOf(subscription), handle, {
    stops: batch.stops,
    rejectionStops: subscription.order === 'per-key',
    // Of a breaker that is being tried, one message decides about the rest.
    parallel: admitted === 'all' ? DEFAULT_PARALLEL_UNITS : 1,
    hasTime: () => trials-- > 0 && context.getRemainingTimeInMillis() > reserve,
  });
}

/** Without order, copies of one message form a unit: the second finds the record of the first instead of racing it. */
const unitOf =
  (subscription: Subscription) =>
  (message: Message): string =>
    (subscription.order === 'per-key' ? message.unit : undefined) ?? copyKey(message);

const copyKey = (message: Message): string => memberOf(message, 'id') ?? message.id;

const NONE: ReadonlySet<Message> = new Set();
/** Messages of one DeleteMessageBatch. */
const ACKNOWLEDGED_AT_ONCE = 10;

/**
 * At most once: gone before it is handled, so that nothing brings it back. A log needs nothing: its batch is answered as done.
 * @returns what is not known to be gone: not to be handled now, because it may come again
 */
async function acknowledgeFirst({ messages }: Batch, { queueUrl, runtime }: Consumer, log: Log): Promise<Set<Message>> {
  const queued = messages.filter(({ receiptHandle }) => receiptHandle !== undefined);
  const kept = new Set<Message>();
  for (let i = 0; i < queued.length; i += ACKNOWLEDGED_AT_ONCE) {
    const batch = queued.slice(i, i + ACKNOWLEDGED_AT_ONCE);
    const Entries = batch.map(({ receiptHandle: ReceiptHandle }, k) => ({ Id: String(k), ReceiptHandle }));
    const failed = await runtime.aws('sqs', 'DeleteMessageBatch', { QueueUrl: queueUrl, Entries }).then(
      (answer) => notTakenBySqs(batch, answer),
      (thrown: unknown) => batch.map((entry) => ({ entry, error: toError(thrown).message })),
    );
    for (const { entry, error } of failed) {
      kept.add(entry);
      log('warn', 'not handled: it could not be acknowledged first', { messageId: entry.id, errorMessage: error });
    }
  }
  return kept;
}

/** Tells the breaker how it went, and the controller when it opened. */
async function informBreaker(
  outcomes: readonly Outcome[],
  control: ControlState,
  { consumer, log }: Invocation,
): Promise<void> {
  const { breaker, breakerController, runtime } = consumer;
  if (breaker === undefined) return;
  const outage = outcomes.find((outcome) => outcome.kind === 'outage');
  if (outage === undefined) {
    if (!control.failing || !outcomes.some(({ kind }) => kind === 'done')) return;
    await breaker.succeeded();
    if (control.openUntil === undefined) return;
    log('info', 'breaker closed');
  } else {
    const open = await breaker.failed(outage.dependency);
    log('warn', open ? 'breaker open' : 'outage', { dependency: outage.dependency });
    if (!open) return;
  }
  if (breakerController === undefined) return;
  // Asynchronous: the controller switches the mapping; should this fail, its own schedule does so within a minute.
  await runtime
    .aws('lambda', 'InvokeAsync', { FunctionName: breakerController })
    .catch((error: Error) =>
      log('warn', 'the breaker controller could not be called', { errorMessage: error.message }),
    );
}
