import { randomUUID } from 'node:crypto';
import type { Deliveries } from '../faults/deliveries.ts';
import { type DestinationMessage, sendTo } from '../mappings/configuration/destination.ts';
import { backoff, pause } from '../mappings/delivery/pause.ts';
import type { CallsAs } from '../role-calls.ts';
import { documents } from '../state/documents.ts';
import type { State } from '../state/state.ts';
import type { InvocationResult } from './definition.ts';
import { parsePayload } from './definition.ts';
import { isThrottled } from './errors.ts';
import type { Waits } from './event-waits.ts';

/** Waits before the first and second retry of an event, unless the account says otherwise. AWS waits 1 and 2 minutes. */
export const ASYNC_RETRY_DELAYS_MS: readonly number[] = [500, 1000];
/** Age at which an event is given up unless its function says otherwise: 6 hours. */
const MAX_AGE_SECONDS = 21_600;
/** Retries of an event unless its function says otherwise. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html */
export const DEFAULT_ASYNC_RETRIES = 2;
/** First and longest pause after a throttled attempt, which costs no retry. AWS waits from a second to five minutes. */
const THROTTLE_PAUSES_MS: Waits['throttled'] = [50, 1_000];

/** What a function does with events (asynchronous invocations): AWS::Lambda::EventInvokeConfig and DeadLetterConfig. */
export interface EventInvokeConfig {
  /** 0 to 2. */
  readonly maximumRetries?: number;
  /** 60 to 21,600 s; default 6 hours. */
  readonly maximumAgeSeconds?: number;
  readonly onSuccessArn?: string;
  readonly onFailureArn?: string;
  readonly deadLetterArn?: string;
}

/** Runs events in the background, with retries and destinations. */
export interface AsyncInvocations {
  /** Sets what one of the two sources of settings says, in place of what it said before. */
  configure(functionName: string, source: 'function' | 'event-invoke-config', config: EventInvokeConfig): void;
  /** Accepts an event; returns its request id at once. */
  send(functionName: string, event: string): string;
  /** Takes up the events that were accepted before the engine ended. To be called when functions can be invoked. */
  start(): void;
  /** Events accepted and not done. */
  readonly pending: number;
  /** Gives up waiting retries; resolves when what runs is done. */
  close(): Promise<void>;
}

/** Told of what becomes of events, by the name of their function. */
export interface AsyncObserver {
  received(name: string): void;
  /** @param ageMs from acceptance to the attempt */
  attempted(name: string, ageMs: number): void;
  /** Given up after its last attempt. */
  dropped(name: string): void;
  /** A destination or dead-letter queue did not take what it should have got. */
  undelivered(name: string, what: 'DestinationDeliveryFailures' | 'DeadLetterErrors'): void;
}

export interface AsyncContext {
  readonly functions: Deliveries;
  readonly callsAs: CallsAs;
  readonly accountId: string;
  readonly report: (text: string) => void;
  readonly observer?: AsyncObserver;
  /** @default half a second and a second, and short pauses after throttles */
  readonly waits?: Partial<Waits> | undefined;
}

/** An event that is not done yet. */
interface AcceptedEvent {
  readonly name: string;
  readonly event: string;
  /** Epoch milliseconds. */
  readonly acceptedAt: number;
  /** Attempts that failed. */
  attempts: number;
}

/** @param state keeps accepted events over a restart */
export function createAsyncInvocations(context: AsyncContext, state?: State): AsyncInvocations {
  const kept = state && documents<AcceptedEvent>(state, 'lambda-events');
  const configs = new Map<string, EventInvokeConfig>();
  const running = new Set<Promise<void>>();
  const stopping = new AbortController();
  const {
    retries: retryDelays = ASYNC_RETRY_DELAYS_MS,
    throttled: pauses = THROTTLE_PAUSES_MS,
    timeScale = 1,
  } = context.waits ?? {};

  async function process(requestId: string, accepted: AcceptedEvent): Promise<void> {
    const { name, event } = accepted;
    const config = { ...configs.get(`function ${name}`), ...configs.get(`event-invoke-config ${name}`) };
    const retries = config.maximumRetries ?? DEFAULT_ASYNC_RETRIES;
    const expiresAt = accepted.acceptedAt + ((config.maximumAgeSeconds ?? MAX_AGE_SECONDS) * 1000) / timeScale;
    let throttles = 0;
    for (;;) {
      context.observer?.attempted(name, Date.now() - accepted.acceptedAt);
      const result = await attempt(name, event, requestId);
      // Ended with the engine, not by itself: when it starts again it is tried again.
      if (stopping.signal.aborted && result?.error) return;
      if (result) accepted.attempts += 1;
      else throttles += 1;
      const { attempts } = accepted;
      const condition = endOf(result, name, attempts > retries, Date.now() >= expiresAt);
      if (condition !== undefined) {
        await finish(config, { name, event, requestId, result, attempts, condition });
        return kept?.delete(requestId);
      }
      const wait = result ? (retryDelays[attempts - 1] ?? retryDelays.at(-1) ?? 0) : backoff(throttles, ...pauses);
      kept?.put(requestId, accepted);
      await pause(wait, stopping.signal);
      if (stopping.signal.aborted) return;
    }
  }

  /** How an event ends with an attempt; undefined: it is tried again. */
  function endOf(
    result: InvocationResult | undefined,
    name: string,
    wasLast: boolean,
    isOld: boolean,
  ): Finished['condition'] | undefined {
    if (result && !result.error) return 'Success';
    if (isOld) return 'EventAgeExceeded';
    if (result) return wasLast ? 'RetriesExhausted' : undefined;
    // Nothing calls such a function: its events go where failed ones go, at once.
    return context.functions.reserved(name) === 0 ? 'ZeroReservedConcurrency' : undefined;
  }

  /** Nothing waits for the event; trouble outside the function is reported. */
  function run(requestId: string, accepted: AcceptedEvent): void {
    const work = process(requestId, accepted)
      .catch((error: unknown) => {
        kept?.delete(requestId);
        context.report(`Event for ${accepted.name} (${requestId}): ${String(error)}`);
      })
      .finally(() => running.delete(work));
    running.add(work);
  }

  /** Undefined: throttled. */
  async function attempt(name: string, event: string, requestId: string): Promise<InvocationResult | undefined> {
    try {
      return await context.functions.invoke(name, event, requestId);
    } catch (error) {
      if (isThrottled(error)) return undefined;
      throw error;
    }
  }

  interface Finished {
    readonly name: string;
    readonly event: string;
    readonly requestId: string;
    /** Of the last attempt; undefined when that was throttled. */
    readonly result: InvocationResult | undefined;
    readonly attempts: number;
    readonly condition: 'Success' | 'RetriesExhausted' | 'EventAgeExceeded' | 'ZeroReservedConcurrency';
  }

  async function finish(config: EventInvokeConfig, finished: Finished): Promise<void> {
    const { name, requestId, result, condition } = finished;
    if (condition !== 'Success') context.observer?.dropped(name);
    const destination = condition === 'Success' ? config.onSuccessArn : config.onFailureArn;
    if (destination)
      await deliver(name, destination, { body: invocationRecord(finished) }, 'DestinationDeliveryFailures');
    if (condition === 'Success' || !config.deadLetterArn) return;
    const attributes = {
      RequestID: requestId,
      ErrorCode: result === undefined ? 429 : 200,
      ErrorMessage: (result === undefined ? 'Rate Exceeded.' : (result.error?.errorMessage ?? '')).slice(0, 1024),
    };
    await deliver(name, config.deadLetterArn, { body: finished.event, attributes }, 'DeadLetterErrors');
  }

  async function deliver(
    name: string,
    arn: string,
    message: DestinationMessage,
    metric: Parameters<AsyncObserver['undelivered']>[1],
  ): Promise<void> {
    const roleArn = context.functions.find(name)?.roleArn ?? '';
    try {
      await sendTo(arn, message, { accountId: context.accountId, calls: context.callsAs(roleArn, name) });
    } catch (error) {
      context.observer?.undelivered(name, metric);
      throw error;
    }
  }

  /** @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html */
  function invocationRecord({ name, event, requestId, result, attempts, condition }: Finished): string {
    const functionError = result?.error ? { functionError: 'Unhandled' } : {};
    return JSON.stringify({
      version: '1.0',
      timestamp: new Date().toISOString(),
      requestContext: {
        requestId,
        functionArn: `${context.functions.find(name)?.arn}:$LATEST`,
        condition,
        approximateInvokeCount: attempts,
      },
      requestPayload: parsePayload(event),
      ...(result && {
        responseContext: { statusCode: 200, executedVersion: '$LATEST', ...functionError },
        responsePayload: parsePayload(result.payload),
      }),
    });
  }

  return {
    configure: (functionName, source, config) => void configs.set(`${source} ${functionName}`, config),
    send(functionName, event) {
      const requestId = randomUUID();
      context.observer?.received(functionName);
      const accepted = { name: functionName, event, acceptedAt: Date.now(), attempts: 0 };
      kept?.put(requestId, accepted);
      run(requestId, accepted);
      return requestId;
    },
    start() {
      for (const [requestId, accepted] of [...(kept?.entries() ?? [])]) run(requestId, accepted);
    },
    get pending() {
      return running.size;
    },
    async close() {
      stopping.abort();
      await Promise.all(running);
    },
  };
}
