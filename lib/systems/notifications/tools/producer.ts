import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { nextTraceparent } from '../../../contracts/agreed/trace.ts';
import type { Reply } from '../request.ts';

/** The function itself failed: nothing is known about the notification, so ask again. */
export class NotifyFailed extends Error {
  override readonly name = 'NotifyFailed';
}

export interface Desk {
  /** @throws NotifyFailed when the function answered with an error */
  ask(request: unknown): Promise<Reply>;
  close(): void;
}

/** Asks for notifications through the Lambda API of wherever the SDK's environment points. */
export function openDesk(functionName: string): Desk {
  const lambda = new LambdaClient({});
  return {
    async ask(request) {
      const traced =
        typeof request === 'object' && request !== null
          ? { traceparent: nextTraceparent(undefined), ...request }
          : request;
      const { FunctionError, Payload } = await lambda.send(
        new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(traced) }),
      );
      const text = Buffer.from(Payload ?? new Uint8Array()).toString('utf8');
      if (FunctionError !== undefined) throw new NotifyFailed(`${functionName} failed: ${text}`);
      return JSON.parse(text) as Reply;
    },
    close: () => lambda.destroy(),
  };
}
