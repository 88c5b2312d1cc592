import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { nextTraceparent } from '../../../contracts/agreed/trace.ts';
import { output } from '../../../operations/deployed/deployment.ts';
import type { SampleProducer } from '../../../operations/systems/system.ts';
import type { ReminderRequest } from '../request.ts';
import { renewed, SAMPLE_FILE, type SampleRequest, withTimes } from './samples.ts';

/** What `set-reminder` answers. */
export type Reply =
  | {
      readonly status: 'accepted';
      readonly userId: string;
      readonly reminderId: string;
      readonly version: number;
      readonly dueAt: string | null;
      readonly toldBefore: string | null;
      readonly duplicate: boolean;
    }
  | { readonly status: 'refused'; readonly reason: string; readonly message: string };

/** The function itself failed: nothing is known about the reminder, so send it again. */
export class SetReminderFailed extends Error {
  override readonly name = 'SetReminderFailed';
}

/** Sets, changes and cancels reminders with the function that takes them, those of one reminder in order. */
export const reminders: SampleProducer<ReminderRequest, Reply> = {
  unit: 'reminder requests',
  takenBy: 'set-reminder',
  file: SAMPLE_FILE,
  joined: (samples) => withTimes(samples as readonly SampleRequest[]),
  keyOf: ({ userId, reminderId }) => `${userId}/${reminderId}`,
  renewed,
  open({ outputs }) {
    const lambda = new LambdaClient({});
    const FunctionName = output(outputs, 'SetReminderFunction');
    return {
      async send(request) {
        const traced = { traceparent: nextTraceparent(undefined), ...request };
        const { FunctionError, Payload } = await lambda.send(
          new InvokeCommand({ FunctionName, Payload: JSON.stringify(traced) }),
        );
        const text = Buffer.from(Payload ?? new Uint8Array()).toString('utf8');
        if (FunctionError !== undefined) throw new SetReminderFailed(`${FunctionName} failed: ${text}`);
        return JSON.parse(text) as Reply;
      },
      close: () => lambda.destroy(),
    };
  },
  answerOf: (reply) =>
    reply.status === 'refused'
      ? { outcome: 'refused', reason: reply.reason }
      : { outcome: reply.duplicate ? 'duplicate' : 'accepted' },
};
