import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { nextTraceparent } from '../../contracts/agreed/trace.ts';
import { Throttled } from './sending.ts';
import type { Answer, Sender } from './system.ts';

/** The function itself failed: nothing is known about the request, so send it again. */
export class CallFailed extends Error {
  override readonly name = 'CallFailed';
}

/** What `orThrottled()` answers in the place of a function's own reply. */
interface ThrottledReply {
  readonly status: 'throttled';
  readonly retryAfterSeconds: number;
}

const isThrottledReply = (reply: unknown): reply is ThrottledReply =>
  (reply as Partial<ThrottledReply> | null)?.status === 'throttled';

/**
 * Calls a function that takes requests, through the Lambda API of wherever the SDK's environment points. A request that brings no trace begins one.
 * Its `send` throws CallFailed when the function answered with an error, Throttled when it had no room.
 */
export function callerOf<Reply>(functionName: string): Sender<unknown, Reply> {
  const lambda = new LambdaClient({});
  return {
    async send(request) {
      const traced =
        typeof request === 'object' && request !== null
          ? { traceparent: nextTraceparent(undefined), ...request }
          : request;
      const { FunctionError, Payload } = await lambda.send(
        new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(traced) }),
      );
      const text = Buffer.from(Payload ?? new Uint8Array()).toString('utf8');
      if (FunctionError !== undefined) throw new CallFailed(`${functionName} failed: ${text}`);
      const reply: unknown = JSON.parse(text);
      if (isThrottledReply(reply)) throw new Throttled(functionName, reply.retryAfterSeconds);
      return reply as Reply;
    },
    close: () => lambda.destroy(),
  };
}

/** What became of a request, from a reply that says so in these words. */
export const answerOf = (
  reply:
    | { readonly status: 'accepted'; readonly duplicate?: boolean }
    | { readonly status: 'refused'; readonly reason: string },
): Answer =>
  reply.status === 'refused'
    ? { outcome: 'refused', reason: reply.reason }
    : { outcome: reply.duplicate === true ? 'duplicate' : 'accepted' };
