import type { SQSBatchResponse } from 'aws-lambda';
import { ENV } from '../../lib/contracts/agreed/environment.ts';
import type { Log, Queue } from '../../lib/contracts/channels/channel.ts';
import type { Subscription } from '../../lib/contracts/subscriptions/subscription.ts';
import { consume, type Handler, type Handlers } from '../../lib/runtime/consuming/consume.ts';
import { lambda, type Runtime } from '../../lib/runtime/invocation/runtime.ts';
import type { events } from '../contracts/sample-declarations.ts';
import { lambdaContext } from './lambda-events.ts';
import { type MemoryInbox, memoryInbox } from './memory-inbox.ts';

type TicketEvent = (typeof events)[number];
type Data = { ticket: string; text: string };

export interface ConsumerHarness {
  readonly inbox: MemoryInbox;
  readonly lines: Record<string, unknown>[];
  /** Delivers a batch. */
  deliver(event: unknown, remainingMillis?: () => number): Promise<SQSBatchResponse>;
}

export interface ConsumerOptions {
  readonly deadLetterQueueUrl: string;
  readonly queueUrl?: string;
  readonly random?: number;
  readonly inbox?: MemoryInbox;
  /** The inbox table, where more than the inbox is kept there. @default none */
  readonly table?: string;
}

/** A consumer with an inbox in memory, whose one handler is for opened and closed tickets alike. */
export function consumerOf(
  subscription: Subscription<Queue<TicketEvent> | Log<TicketEvent>>,
  handle: Handler<Data>,
  { deadLetterQueueUrl, queueUrl, random = 0, inbox = memoryInbox(Date.now), table }: ConsumerOptions,
): ConsumerHarness {
  const lines: Record<string, unknown>[] = [];
  const handlers: Handlers<TicketEvent> = {
    'tickets.ticket-opened': handle,
    'tickets.ticket-closed': handle,
  };
  const variables: Record<string, string | undefined> = {
    [ENV.deadLetterQueue]: deadLetterQueueUrl,
    [ENV.queue]: queueUrl ?? NO_QUEUE,
    [ENV.inboxTable]: table,
  };
  const runtime: Runtime = {
    ...lambda,
    aws: watchedCall,
    random: () => random,
    sleep: async () => undefined,
    env: (name) => variables[name],
    write: (line) => lines.push(JSON.parse(line)),
  };
  const handler = consume(subscription, handlers, { inbox, runtime });
  return {
    inbox,
    lines,
    deliver: (event, remaining) => handler(event, lambdaContext(remaining)) as Promise<SQSBatchResponse>,
  };
}

/** For tests that need no queue behind the messages. */
const NO_QUEUE = 'no-queue';

let waits = new Map<string, number>();

/** Notes visibility timeouts; every call goes through. */
const watchedCall: Runtime['aws'] = (service, operation, input) => {
  if (operation === 'ChangeMessageVisibility') {
    const { ReceiptHandle, VisibilityTimeout } = input as { ReceiptHandle: string; VisibilityTimeout: number };
    waits.set(ReceiptHandle, VisibilityTimeout);
    if ((input as { QueueUrl: string }).QueueUrl === NO_QUEUE) return Promise.resolve({});
  }
  return lambda.aws(service, operation, input);
};

/** Seconds that messages are made to wait from now on, by receipt handle. */
export function watchWaits(): Map<string, number> {
  waits = new Map();
  return waits;
}
