import { setTimeout as sleep } from 'node:timers/promises';
import { type Pace, paced } from '../traffic/pace.ts';
import type { SampleProducer, Sender, Sent } from './system.ts';

const TRIES = 10;
const RETRY_BASE_MS = 250;
const RETRY_CAP_MS = 4_000;
const MILLIS_PER_SECOND = 1_000;

/**
 * A sender that does not give up at once: after a failure nothing is known about a request, and sending it again changes nothing.
 * @param isWorthIt failures after which it is tried again. @default all
 * @param onAgain told each time
 * @returns the same sender, but `send` throws only when it has failed ten times in a row, or of what is not worth another try
 */
export const patient = <Request, Reply>(
  sender: Sender<Request, Reply>,
  isWorthIt: (error: unknown) => boolean = () => true,
  onAgain: () => void = () => undefined,
): Sender<Request, Reply> => ({
  close: () => sender.close(),
  async send(request) {
    for (let attempt = 1; ; attempt++) {
      try {
        return await sender.send(request);
      } catch (error) {
        if (attempt === TRIES || !isWorthIt(error)) throw error;
        onAgain();
        const told = error instanceof Throttled ? error.retryAfterSeconds * MILLIS_PER_SECOND : 0;
        await sleep(Math.max(told, Math.min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** attempt)));
      }
    }
  },
});

/** There was no room for the request: nothing of it was kept, send it again. */
export class Throttled extends Error {
  override readonly name = 'Throttled';
  readonly retryAfterSeconds: number;

  constructor(functionName: string, retryAfterSeconds: number) {
    super(`${functionName} is busy: come again in ${retryAfterSeconds} s`);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/**
 * The account has no execution left for the function, which was not called, or the function had no room.
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
 */
export const isThrottled = (error: unknown): boolean =>
  error instanceof Throttled ||
  (error as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata?.httpStatusCode === 429;

/** Sends requests at a pace; those of one key one after the other, in the order they came. */
export async function sendAll<Request, Reply>(
  producer: Pick<SampleProducer<Request, Reply>, 'keyOf'>,
  sender: Sender<Request, Reply>,
  requests: AsyncIterable<Request> | Iterable<Request>,
  pace: Pace,
  onSent: (sent: Sent<Request, Reply>) => void,
): Promise<void> {
  await paced(
    requests,
    producer.keyOf,
    async (request) => onSent({ request, reply: await sender.send(request) }),
    pace,
  );
}
