import middy from '@middy/core';
import type { Context, SQSBatchResponse } from 'aws-lambda';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import { notTakenBySqs } from '../aws/answers.ts';
import { type ControlState, NO_CONTROL } from '../control/control-items.ts';
import { NO_TRIES } from '../control/tries.ts';
import { openBatch } from '../dead-letters/kept-messages.ts';
import {
  abandonMillis,
  type ConsumerTime,
  consumerTime,
  type Deadline,
  deadline,
  giveUpWaitingMillis,
  NO_EARLY_TIMEOUT,
  reserveMillis,
} from '../invocation/deadline.ts';
import { toError } from '../invocation/outcomes.ts';
import { errorFields, type Log, logger } from '../invocation/telemetry.ts';
import { wasBusy } from '../invocation/transient.ts';
import { comesAgain, type Message, type Outcome } from '../messages/message.ts';
import { type Batch, readBatch } from '../messages/sources.ts';
import { handedBack } from '../settling/hand-back.ts';
import { type SettleContext, settle } from '../settling/settle.ts';
import { type Consumer, type ConsumerOptions, deployedConsumer } from './consumer.ts';
import type { Invocation } from './handle-message.ts';
import type { Handlers } from './handler.ts';
import { measure } from './measure.ts';
import { resumeKey } from './resume.ts';
import { isResume, type Resumed } from './resume-request.ts';
import { runBatch } from './run-batch.ts';

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
  const deployed = deployedConsumer(subscription, options);
  const { runtime } = deployed;
  let isNewInstance = true;
  return middy(async (event: unknown, context: Context): Promise<SQSBatchResponse | Resumed> => {
    const isFirst = isNewInstance;
    isNewInstance = false;
    const handlersEnd = deadline(runtime, context, abandonMillis(subscription));
    const waitingEnds = deadline(runtime, context, giveUpWaitingMillis(subscription));
    const time = consumerTime(subscription, context, handlersEnd, waitingEnds);
    const consumer = deployed.within(time);
    const invocation: Invocation = {
      consumer,
      handlers: handlers as Invocation['handlers'],
      context,
      deadline: handlersEnd,
      handlerMillis: context.getRemainingTimeInMillis() - abandonMillis(subscription),
      triesOf: () => NO_TRIES,
      log: logger({ subscription: subscription.name, requestId: context.awsRequestId }, runtime.write),
      observed: { ages: [], durations: [] },
      done: new Map(),
      usedUp: new Map(),
    };
    try {
      if (isResume(event)) return await resumeKey(event.resume, invocation);
      const batch = await openBatch(readBatch(event), consumer.kept);
      return await handleBatch(batch, invocation, { waitingEnds, time, isNewInstance: isFirst });
    } finally {
      handlersEnd.stop();
      waitingEnds.stop();
    }
  }, NO_EARLY_TIMEOUT);
}

/** What a batch has beside the invocation. */
interface BatchTime {
  readonly waitingEnds: Deadline;
  readonly time: ConsumerTime;
  readonly isNewInstance: boolean;
}

async function handleBatch(
  all: Batch,
  started: Invocation,
  { waitingEnds, time, isNewInstance }: BatchTime,
): Promise<SQSBatchResponse> {
  const { consumer, log, observed } = started;
  const { subscription, runtime } = consumer;
  const atMostOnce = subscription.guarantee === 'at-most-once';
  const kept = atMostOnce ? await acknowledgeFirst(all, consumer, log) : NONE;
  const batch = kept.size === 0 ? all : { ...all, messages: all.messages.filter((message) => !kept.has(message)) };
  const control = await consumer.readControl(batch.messages, isNewInstance).catch((error: unknown) => {
    if (atMostOnce || !wasBusy(error)) throw error;
    return toError(error);
  });
  const settling = (known: Pick<ControlState, 'triesOf' | 'openUntil'>): SettleContext => {
    time.settles();
    return {
      ...consumer,
      triesOf: known.triesOf,
      openUntil: known.openUntil,
      millisToWait: () => started.context.getRemainingTimeInMillis() - reserveMillis(subscription),
      log,
    };
  };
  if (control instanceof Error) {
    // Nothing is known of the messages, so none is tried: all come again.
    const outcomes = new Map(
      batch.messages.map((message) => [message, handedBack(message, control, { runtime, log })]),
    );
    measure(subscription, batch, outcomes, observed, runtime);
    return settle(batch, outcomes, settling(NO_CONTROL));
  }
  const handlerMillis = started.context.getRemainingTimeInMillis() - abandonMillis(subscription);
  const invocation: Invocation = { ...started, handlerMillis, triesOf: control.triesOf };
  const outcomes = await runBatch(batch, control, invocation, waitingEnds, isNewInstance);
  await informBreaker([...outcomes.values()], control, invocation).catch((error: unknown) => {
    if (!wasBusy(error)) throw error;
    // What was handled must not come again for that: the next outage, or success, is counted.
    log('warn', 'the breaker could not be told: the table was busy', errorFields(toError(error)));
  });
  measure(subscription, batch, outcomes, observed, runtime);
  if (atMostOnce) {
    // Nothing brings it back.
    const settledAs = (outcome: Outcome) => (comesAgain(outcome) ? { ...outcome, kind: 'dropped' } : outcome);
    for (const [message, outcome] of outcomes) runtime.settled?.(message, settledAs(outcome));
    return { batchItemFailures: [...kept].map(({ id }) => ({ itemIdentifier: id })) };
  }
  return settle(batch, outcomes, settling(control));
}

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
