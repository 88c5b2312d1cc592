import { setTimeout as sleep } from 'node:timers/promises';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { nextTraceparent } from '../../../contracts/agreed/trace.ts';
import { type Pace, paced } from '../../../operations/traffic/pace.ts';
import type { OrderRequest } from '../request.ts';

/** What `place-order` answers. */
export type Reply =
  | { readonly status: 'accepted'; readonly orderId: string; readonly sequence: number; readonly duplicate: boolean }
  | { readonly status: 'refused'; readonly reason: string; readonly message: string };

/** The function itself failed: nothing is known about the order, so send it again. */
export class PlaceOrderFailed extends Error {
  override readonly name = 'PlaceOrderFailed';
}

/** There was no room for the order: nothing of it was kept, send it again. */
export class PlaceOrderThrottled extends Error {
  override readonly name = 'PlaceOrderThrottled';
  readonly retryAfterSeconds: number;

  constructor(functionName: string, retryAfterSeconds: number) {
    super(`${functionName} is busy: come again in ${retryAfterSeconds} s`);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export interface Shop {
  /** @throws PlaceOrderThrottled, PlaceOrderFailed when the function answered with an error */
  place(request: unknown): Promise<Reply>;
  close(): void;
}

/** Places orders through the Lambda API of wherever the SDK's environment points. */
export function openShop(functionName: string): Shop {
  const lambda = new LambdaClient({});
  return {
    async place(request) {
      const traced =
        typeof request === 'object' && request !== null
          ? { traceparent: nextTraceparent(undefined), ...request }
          : request;
      const { FunctionError, Payload } = await lambda.send(
        new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(traced) }),
      );
      const text = Buffer.from(Payload ?? new Uint8Array()).toString('utf8');
      if (FunctionError !== undefined) throw new PlaceOrderFailed(`${functionName} failed: ${text}`);
      const reply = JSON.parse(text) as Reply | Throttled;
      if (reply.status === 'throttled') throw new PlaceOrderThrottled(functionName, reply.retryAfterSeconds);
      return reply;
    },
    close: () => lambda.destroy(),
  };
}

interface Throttled {
  readonly status: 'throttled';
  readonly retryAfterSeconds: number;
}

const TRIES = 10;
const RETRY_BASE_MS = 250;
const RETRY_CAP_MS = 4_000;
const MILLIS_PER_SECOND = 1_000;

/**
 * A shop that does not give up at once: after a failure nothing is known about an order, and placing it again changes nothing.
 * @param isWorthIt failures after which it is tried again. @default all
 * @param onAgain told each time
 * @returns the same shop, but `place` throws only when it has failed ten times in a row, or of what is not worth another try
 */
export const patient = (
  shop: Shop,
  isWorthIt: (error: unknown) => boolean = () => true,
  onAgain: () => void = () => undefined,
): Shop => ({
  ...shop,
  async place(request) {
    for (let attempt = 1; ; attempt++) {
      try {
        return await shop.place(request);
      } catch (error) {
        if (attempt === TRIES || !isWorthIt(error)) throw error;
        onAgain();
        const told = error instanceof PlaceOrderThrottled ? error.retryAfterSeconds * MILLIS_PER_SECOND : 0;
        await sleep(Math.max(told, Math.min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** attempt)));
      }
    }
  },
});

/**
 * The account has no execution left for the function, which was not called, or the function had no room.
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
 */
export const isThrottled = (error: unknown): boolean =>
  error instanceof PlaceOrderThrottled ||
  (error as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata?.httpStatusCode === 429;

export interface Placed {
  readonly request: OrderRequest;
  readonly reply: Reply;
}

/** Places orders at a pace; a cancellation goes after the order that it cancels. */
export async function placeAll(
  shop: Shop,
  requests: AsyncIterable<OrderRequest> | Iterable<OrderRequest>,
  pace: Pace,
  onPlaced: (placed: Placed) => void,
): Promise<void> {
  await paced(
    requests,
    (request) => request.cancels ?? String(request.invoiceNo),
    async (request) => onPlaced({ request, reply: await shop.place(request) }),
    pace,
  );
}
