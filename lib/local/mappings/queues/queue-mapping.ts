import { availableParallelism } from 'node:os';
import { parseArn } from '../../../formats/arn.ts';
import { AwsCallError } from '../../call.ts';
import type { JsonObject } from '../../json.ts';
import { listAt, numberAt, objectAt } from '../../json.ts';
import { isThrottled } from '../../lambda/errors.ts';
import { compileFilters } from '../configuration/filter.ts';
import type { MappingConfig, MappingContext, RunningMapping } from '../configuration/mapping.ts';
import { createBatcher } from '../delivery/batcher.ts';
import { backoff, createBell, insist, pause } from '../delivery/pause.ts';
import { queueVerdict } from '../delivery/response.ts';
import type { ReceivedMessage } from './sqs-event.ts';
import { toQueueRecord } from './sqs-event.ts';

/** Batches in flight at first. AWS starts with 5; fewer spare a laptop cold starts that a short burst does not need. */
export const STARTING_CONCURRENCY = 2;
/** Batches in flight at most when the mapping names no MaximumConcurrency (AWS: 1,000). */
export const LOCAL_CONCURRENCY = 10;
/** While a backlog keeps every place taken, one more place opens this often. */
export const SCALE_UP_INTERVAL_MS = 100;
/** The same while the processors are busy anyway: then more workers help little. */
export const BUSY_SCALE_UP_INTERVAL_MS = 1000;
/** Places for each processor while they are busy: more would only take time and memory from each other. */
const BUSY_PLACES_PER_PROCESSOR = 2;
/** ReceiveMessage calls at a time: one waits for messages, more only run while receives come back full. */
const CONCURRENT_RECEIVES = 3;
/** How long a receive waits for a message. Short, so that a disabled mapping lets go of the queue soon. */
const LONG_POLL_SECONDS = 2;
/** Messages one receive or delete takes at most: the API's limit. */
const MESSAGES_PER_CALL = 10;
/** Pause after a throttled invocation or a failed receive: doubles from base to cap. */
const RETRY_BASE_MS = 50;
const RETRY_CAP_MS = 1000;

/** Polls a queue and feeds its messages to a function. */
export function runQueueMapping(config: MappingConfig, context: MappingContext): RunningMapping {
  const { calls, functions } = context;
  const queue = { QueueUrl: `http://127.0.0.1/${context.accountId}/${parseArn(config.eventSourceArn)?.resource}` };
  const passes = compileFilters(config.filters, { member: 'body', textOf: (record) => String(record.body) });
  const batcher = createBatcher<ReceivedMessage>(
    { size: config.batchSize, windowMs: config.windowSeconds * 1000 },
    (message) => message.bytes,
  );
  const highest = config.maximumConcurrency ?? LOCAL_CONCURRENCY;
  const aborter = new AbortController();
  const stopping = new AbortController();
  const placeFree = createBell();
  const inFlight = new Set<Promise<void>>();
  /** Closed batches that wait for a place. */
  const closed: (readonly ReceivedMessage[])[] = [];
  /** Receives under way: each may bring a batch. */
  let receiving = 0;
  const receivers = new Set<Promise<void>>();
  let places = Math.min(STARTING_CONCURRENCY, highest);
  let scaledAt = 0;
  let stopped = false;
  let visibilityMs = 30_000;
  let lastResult = 'No records processed';
  let windowTimer: NodeJS.Timeout | undefined;

  async function receive(waitSeconds: number): Promise<ReceivedMessage[]> {
    const request: JsonObject = {
      ...queue,
      MaxNumberOfMessages: Math.min(MESSAGES_PER_CALL, config.batchSize),
      WaitTimeSeconds: waitSeconds,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    };
    const answer = await calls.json('sqs', 'ReceiveMessage', request, aborter.signal);
    return listAt(answer, 'Messages').map((message) => toQueueRecord(message, config.eventSourceArn, context.region));
  }

  /** Receives and takes in what came; answers whether the receive was full, and how much it brought. */
  async function fetch(waitSeconds: number): Promise<{ count: number; full: boolean }> {
    receiving += 1;
    try {
      const messages = await receive(waitSeconds);
      await take(messages);
      return { count: messages.length, full: messages.length === Math.min(MESSAGES_PER_CALL, config.batchSize) };
    } finally {
      receiving -= 1;
    }
  }

  /** Places that are taken, or may be before long. */
  const busy = (): number => inFlight.size + closed.length + receiving;

  async function remove(messages: readonly ReceivedMessage[]): Promise<void> {
    for (let index = 0; index < messages.length; index += MESSAGES_PER_CALL) {
      const Entries = messages
        .slice(index, index + MESSAGES_PER_CALL)
        .map(({ receiptHandle }, number) => ({ Id: String(number), ReceiptHandle: receiptHandle }));
      const answer = await calls.json('sqs', 'DeleteMessageBatch', { ...queue, Entries });
      const failed = listAt(answer, 'Failed');
      if (failed.length > 0)
        context.report(
          `${config.eventSourceArn}: ${failed.length} messages could not be deleted: ${JSON.stringify(failed[0])}`,
        );
    }
  }

  async function deliver(batch: readonly ReceivedMessage[]): Promise<void> {
    const giveUpAt = Date.now() + visibilityMs;
    const event = JSON.stringify({ Records: batch.map((message) => message.record) });
    for (let attempt = 1; ; attempt++) {
      try {
        const result = await functions.invoke(config.functionArn, event);
        return await settle(batch, result.error !== undefined, result.payload);
      } catch (error) {
        if (!isThrottled(error)) throw error;
        lastResult = 'PROBLEM: Function call throttled';
        const pause = backoff(attempt, RETRY_BASE_MS, RETRY_CAP_MS);
        if (stopped || Date.now() + pause >= giveUpAt) return;
        await delay(pause);
      }
    }
  }

  async function settle(batch: readonly ReceivedMessage[], failed: boolean, payload: string): Promise<void> {
    const ids = batch.map((message) => message.messageId);
    const verdict = failed
      ? ({ kind: 'all-failed' } as const)
      : config.reportFailures
        ? queueVerdict(payload, ids)
        : ({ kind: 'success' } as const);
    lastResult = verdict.kind === 'all-failed' ? 'PROBLEM: Function call failed' : 'OK';
    if (verdict.kind === 'all-failed') {
      places = Math.max(Math.min(STARTING_CONCURRENCY, highest), places - 1);
      return;
    }
    await remove(
      verdict.kind === 'partial' ? batch.filter((message) => !verdict.failed.has(message.messageId)) : batch,
    );
  }

  function dispatch(batch: readonly ReceivedMessage[]): void {
    if (batch.length > 0) closed.push(batch);
    while (inFlight.size < highest) {
      const next = closed.shift();
      if (next === undefined) return;
      const work = deliver(next)
        .catch((error: unknown) => {
          if (!stopped)
            context.report(`Mapping of ${config.eventSourceArn} to ${config.functionArn}: ${String(error)}`);
        })
        .finally(() => {
          inFlight.delete(work);
          dispatch([]);
          placeFree.ring();
        });
      inFlight.add(work);
    }
  }

  function accept(messages: readonly ReceivedMessage[]): void {
    for (const batch of batcher.add(messages, Date.now())) dispatch(batch);
    clearTimeout(windowTimer);
    if (batcher.dueAt !== undefined)
      windowTimer = setTimeout(() => dispatch(batcher.flush()), Math.max(0, batcher.dueAt - Date.now()));
  }

  async function waitForPlace(): Promise<void> {
    while (!stopped && busy() >= places) {
      const now = Date.now();
      const isBusy = context.processorsAreBusy();
      const interval = isBusy ? BUSY_SCALE_UP_INTERVAL_MS : SCALE_UP_INTERVAL_MS;
      const most = isBusy ? Math.min(highest, BUSY_PLACES_PER_PROCESSOR * availableParallelism()) : highest;
      if (places < most && now - scaledAt >= interval) {
        if (scaledAt !== 0) places += 1;
        scaledAt = now;
      }
      await placeFree.wait(places < highest ? SCALE_UP_INTERVAL_MS : 1000);
    }
  }

  async function take(messages: readonly ReceivedMessage[]): Promise<void> {
    const wanted = messages.filter((message) => passes(message.record));
    if (wanted.length < messages.length) await remove(messages.filter((message) => !wanted.includes(message)));
    accept(wanted);
  }

  /** An extra receive next to the waiting one; goes on as long as receives come back full and there is a place. */
  async function helpReceive(): Promise<void> {
    while (!stopped && busy() < places) {
      const { full } = await fetch(0);
      if (!full) return;
    }
  }

  async function poll(): Promise<void> {
    for (let failures = 0; !stopped; ) {
      await waitForPlace();
      if (stopped) return;
      try {
        const { count, full } = await fetch(LONG_POLL_SECONDS);
        failures = 0;
        if (count === 0) {
          places = Math.min(STARTING_CONCURRENCY, highest);
          scaledAt = 0;
        }
        if (full && receivers.size < CONCURRENT_RECEIVES - 1 && busy() < places) {
          const helper = helpReceive()
            .catch((error: unknown) => reportFailure(error))
            .finally(() => receivers.delete(helper));
          receivers.add(helper);
        }
      } catch (error) {
        reportFailure(error);
        failures += 1;
        if (!stopped) await delay(backoff(failures, RETRY_BASE_MS, RETRY_CAP_MS));
      }
    }
  }

  function reportFailure(error: unknown): void {
    if (stopped) return;
    lastResult = `PROBLEM: ${error instanceof AwsCallError ? error.code : String(error)}`;
    context.report(`Mapping of ${config.eventSourceArn} to ${config.functionArn}: ${String(error)}`);
  }

  async function prepare(): Promise<void> {
    const answer = await calls.json('sqs', 'GetQueueAttributes', { ...queue, AttributeNames: ['VisibilityTimeout'] });
    visibilityMs = (numberAt(objectAt(answer, 'Attributes'), 'VisibilityTimeout') ?? 30) * 1000;
  }

  const delay = (ms: number): Promise<void> => pause(ms, stopping.signal);
  const ready = insist(prepare, stopping.signal);
  const polling = ready.then(poll, () => undefined);
  return {
    ready,
    lastResult: () => lastResult,
    async stop(abandon) {
      stopped = true;
      clearTimeout(windowTimer);
      placeFree.ring();
      stopping.abort();
      if (abandon) aborter.abort();
      await polling;
      await Promise.all(receivers);
      // What the last receive brought has still to be done: it is invisible to everybody else.
      if (abandon) closed.length = 0;
      else dispatch(batcher.flush());
      while (inFlight.size > 0) await Promise.all(inFlight);
    },
  };
}
