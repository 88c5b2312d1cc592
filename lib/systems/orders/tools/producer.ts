import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { nextTraceparent } from '../../../contracts/agreed/trace.ts';
import { Throttled } from '../../../operations/systems/sending.ts';
import type { OrderRequest } from '../request.ts';

/** What `place-order` answers. */
export type Reply =
  | { readonly status: 'accepted'; readonly orderId: string; readonly sequence: number; readonly duplicate: boolean }
  | { readonly status: 'refused'; readonly reason: string; readonly message: string };

/** The function itself failed: nothing is known about the order, so send it again. */
export class PlaceOrderFailed extends Error {
  override readonly name = 'PlaceOrderFailed';
}

export interface Shop {
  /** @throws Throttled, PlaceOrderFailed when the function answered with an error */
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
      const reply = JSON.parse(text) as Reply | ThrottledReply;
      if (reply.status === 'throttled') throw new Throttled(functionName, reply.retryAfterSeconds);
      return reply;
    },
    close: () => lambda.destroy(),
  };
}

interface ThrottledReply {
  readonly status: 'throttled';
  readonly retryAfterSeconds: number;
}

export interface Placed {
  readonly request: OrderRequest;
  readonly reply: Reply;
}
