import { relayOutbox } from '../../lib/runtime/outbox/relay-handlers.ts';
import { remindersOutbox } from '../../lib/systems/reminders/contract.ts';

export const handler = relayOutbox(remindersOutbox);
