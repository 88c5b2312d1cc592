import { setTimeout as sleep } from 'node:timers/promises';
import { type Pace, paced } from '../traffic/pace.ts';
import type { SampleProducer, Sender, Sent } from './system.ts';

const TRIES = 10;
const RETRY_BASE_MS = 250;
const RETRY_CAP_MS = 4_000;

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
        await sleep(Math.min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** attempt));
      }
    }
  },
});

/** The account has no execution left for the function: it was not called. https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html */
export const isThrottled = (error: unknown): boolean =>
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
