import middy from '@middy/core';
import type { Context, SQSBatchResponse } from 'aws-lambda';
import type { Subscription } from '../contracts/subscription.ts';
import { notTakenBySqs } from './answers.ts';
import { type Consumer, type ConsumerOptions, deployedConsumer } from './consumer.ts';
import type { ControlState } from './control-items.ts';
import {
  abandonMillis,
  type Deadline,
  deadline,
  giveUpWaitingMillis,
  NO_EARLY_TIMEOUT,
  reserveMillis,
} from './deadline.ts';
import type { Invocation } from './handle-message.ts';
import type { Handlers } from './handler.ts';
import { openBatch } from './kept-messages.ts';
import { measure } from './measure.ts';
import type { Message, Outcome } from './message.ts';
import { toError } from './outcomes.ts';
import { isResume, type Resumed, resumeKey } from './resume.ts';
import { runBatch } from './run-batch.ts';
import { settle } from './settle.ts';
import { type Batch, readBatch } from './sources.ts';
import { type Log, logger } from './telemetry.ts';
import { NO_TRIES } from './tries.ts';

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
  let isNewInstance = true;
  return middy(async (event: unknown, context: Context): Promise<SQSBatchResponse | Resumed> => {
    const isFirst = isNewInstance;
    isNewInstance = false;
    const handlersEnd = deadline(runtime, context, abandonMillis(subscription));
    const waitingEnds = deadline(runtime, context, giveUpWaitingMillis(subscription));
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
    };
    try {
      if (isResume(event)) return await resumeKey(event.resume, invocation);
      return await handleBatch(await openBatch(readBatch(event), consumer.kept), invocation, waitingEnds, isFirst);
    } finally {
      handlersEnd.stop();
      waitingEnds.stop();
    }
  }, NO_EARLY_TIMEOUT);
}

async function handleBatch(
  all: Batch,
  started: Invocation,
  waitingEnds: Deadline,
  isNewInstance: boolean,
): Promise<SQSBatchResponse> {
  const { consumer, log, observed } = started;
  const { subscription, runtime } = consumer;
  const atMostOnce = subscription.guarantee === 'at-most-once';
  const kept = atMostOnce ? await acknowledgeFirst(all, consumer, log) : NONE;
  const batch = kept.size === 0 ? all : { ...all, messages: all.messages.filter((message) => !kept.has(message)) };
  const control = await consumer.readControl(batch.messages, isNewInstance);
  const handlerMillis = started.context.getRemainingTimeInMillis() - abandonMillis(subscription);
  const invocation: Invocation = { ...started, handlerMillis, triesOf: control.triesOf };
  const outcomes = await runBatch(batch, control, invocation, waitingEnds, isNewInstance);
  await informBreaker([...outcomes.values()], control, invocation);
  measure(subscription, batch, outcomes, observed, runtime);
  if (atMostOnce) return { batchItemFailures: [...kept].map(({ id }) => ({ itemIdentifier: id })) };
  return settle(batch, outcomes, {
    ...consumer,
    triesOf: control.triesOf,
    openUntil: control.openUntil,
    millisToWait: () => started.context.getRemainingTimeInMillis() - reserveMillis(subscription),
    log,
  });
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
