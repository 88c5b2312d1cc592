import { output } from '../../../operations/deployed/deployment.ts';
import { answerOf, callerOf } from '../../../operations/systems/calling.ts';
import type { SampleProducer } from '../../../operations/systems/system.ts';
import type { ReminderRequest, Reply } from '../request.ts';
import { renewed, SAMPLE_FILE, type SampleRequest, withTimes } from './samples.ts';

/** Sets, changes and cancels reminders with the function that takes them, those of one reminder in order. */
export const reminders: SampleProducer<ReminderRequest, Reply> = {
  unit: 'reminder requests',
  takenBy: 'set-reminder',
  file: SAMPLE_FILE,
  joined: (samples) => withTimes(samples as readonly SampleRequest[]),
  keyOf: ({ userId, reminderId }) => `${userId}/${reminderId}`,
  renewed,
  open: ({ outputs }) => callerOf(output(outputs, 'SetReminderFunction')),
  answerOf,
};
