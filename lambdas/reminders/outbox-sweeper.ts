import { sweepOutbox } from '../../lib/runtime/outbox/relay-handlers.ts';
import { remindersOutbox } from '../../lib/systems/reminders/contract.ts';

export const handler = sweepOutbox(remindersOutbox);
