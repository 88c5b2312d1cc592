import type { ServiceResponse } from '../../service.ts';
import { memoryOf } from '../../state/memory-of.ts';
import type { State } from '../../state/state.ts';
import { sqsError } from '../messages/sqs-errors.ts';

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html */
const DELETED_MS = 60_000;

/** Names that queues had who were deleted a moment ago. */
export interface DeletedNames {
  note(name: string): void;
  /** Why no queue can have the name yet; undefined: it can. */
  refusal(name: string): ServiceResponse | undefined;
}

/**
 * @param timeScale divides the minute for which a name is taken
 * @param state remembers them over a restart
 */
export function createDeletedNames(timeScale: number, state: State | undefined): DeletedNames {
  const names = memoryOf<true>('sqs-deleted-names', DELETED_MS / timeScale, state);
  return {
    note: (name) => names.set(name, true),
    refusal: (name) =>
      names.get(name) &&
      sqsError(
        'QueueDeletedRecently',
        'You must wait 60 seconds after deleting a queue before you can create another with the same name.',
      ),
  };
}
