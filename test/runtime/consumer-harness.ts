import { ChangeMessageVisibilityCommand } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse } from 'aws-lambda';
import { vi } from 'vitest';
import type { Log, Queue } from '../../lib/contracts/channel.ts';
import type { Subscription } from '../../lib/contracts/subscription.ts';
import { sqs } from '../../lib/runtime/clients.ts';
import { consume, type Handler, type Handlers } from '../../lib/runtime/consume.ts';
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
}

/** A consumer with an inbox in memory, whose one handler is for opened and closed tickets alike. */
export function consumerOf(
  subscription: Subscription<Queue<TicketEvent> | Log<TicketEvent>>,
  handle: Handler<Data>,
  { deadLetterQueueUrl, queueUrl, random = 0, inbox = memoryInbox(Date.now) }: ConsumerOptions,
): ConsumerHarness {
  const lines: Record<string, unknown>[] = [];
  const handlers: Handlers<TicketEvent> = {
    'tickets.ticket-opened': handle,
    'tickets.ticket-closed': handle,
  };
  const handler = consume(subscription, handlers, {
    inbox,
    settle: { deadLetterQueueUrl, queueUrl },
    now: Date.now,
    random: () => random,
    write: (line) => lines.push(JSON.parse(line)),
  });
  return { inbox, lines, deliver: (event, remaining) => handler(event, lambdaContext(remaining)) };
}

/** Seconds that messages were made to wait, by receipt handle; the calls go through. */
export function watchWaits(): Map<string, number> {
  const waits = new Map<string, number>();
  const send = sqs().send.bind(sqs());
  vi.spyOn(sqs(), 'send').mockImplementation(((command: Parameters<typeof send>[0]) => {
    if (command instanceof ChangeMessageVisibilityCommand) {
      waits.set(command.input.ReceiptHandle ?? '', command.input.VisibilityTimeout ?? -1);
    }
    return send(command);
  }) as unknown as typeof send);
  return waits;
}
