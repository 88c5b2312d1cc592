import { setImmediate } from 'node:timers/promises';
import type { ServiceRequest, ServiceResponse } from '../../service.ts';
import type { Fauxqs } from '../fauxqs/fauxqs.ts';
import type { SqsQueue, SqsStore } from '../messages/fauxqs-types.ts';

type Body = Readonly<Record<string, unknown>>;

export interface Receiving {
  /** ReceiveMessage. A long poll goes on until it has a message, its time is over or its caller has gone. */
  receive(request: Pick<ServiceRequest, 'headers' | 'gone'>, body: Body): Promise<ServiceResponse>;
  /** Ends what waits. */
  close(): void;
}

const MAX_WAIT_SECONDS = 20;
/** Turns of the event loop until a connection that was closed before the message came is known to be closed. */
const TURNS_TO_CLOSE = 3;

/**
 * Receives for callers that are there: who has gone takes nothing, and what a caller could not be told of is in the queue as if nobody
 * had received it. In place of fauxqs' own waiting, which ends all long polls at the first message and asks nobody whether they still wait.
 */
export function createReceiving(sqsStore: SqsStore, callSqs: Fauxqs['callSqs']): Receiving {
  let closed = false;

  async function receive({ headers, gone }: Pick<ServiceRequest, 'headers' | 'gone'>, body: Body) {
    const queue = sqsStore.getQueue(String(body.QueueUrl));
    const seconds = Number(body.WaitTimeSeconds ?? queue?.attributes.ReceiveMessageWaitTimeSeconds ?? 0);
    // What is not allowed is for fauxqs to refuse.
    if (queue === undefined || !(seconds >= 0 && seconds <= MAX_WAIT_SECONDS)) return callSqs({ headers, body });
    const deadline = Date.now() + seconds * 1000;
    const left = gone === undefined ? new Promise<void>(() => undefined) : aborted(gone);
    for (;;) {
      if (gone?.aborted) return { status: 200, headers: {}, body: EMPTY };
      const answer = await callSqs({ headers, body: { ...body, WaitTimeSeconds: 0 } });
      if (answer.status === 200 && answer.body !== EMPTY)
        return { ...answer, onUnsent: () => giveBack(queue, String(answer.body)) };
      const rest = deadline - Date.now();
      if (answer.status !== 200 || rest <= 0 || closed) return answer;
      await Promise.race([queue.waitForMessages(rest / 1000), left]);
      for (let turn = 0; turn < TURNS_TO_CLOSE; turn++) await setImmediate();
    }
  }

  return {
    receive,
    close() {
      closed = true;
    },
  };
}

/** What fauxqs answers when there is no message. */
const EMPTY = '{}';

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** Undoes a receive: the messages are visible, and it does not count. */
function giveBack(queue: SqsQueue, body: string): void {
  const { Messages = [] } = JSON.parse(body) as { readonly Messages?: readonly { readonly ReceiptHandle: string }[] };
  for (const { ReceiptHandle } of Messages) {
    const message = queue.inflightMessages.get(ReceiptHandle)?.message;
    if (message === undefined) continue;
    message.approximateReceiveCount -= 1;
    if (message.approximateReceiveCount === 0) delete message.approximateFirstReceiveTimestamp;
    queue.persistence?.updateMessageInflight(
      message.messageId,
      ReceiptHandle,
      0,
      message.approximateReceiveCount,
      message.approximateFirstReceiveTimestamp,
    );
    queue.changeVisibility(ReceiptHandle, 0);
  }
}
