import type { DeployedMessaging } from '../../../lib/operations/deployed/messaging.ts';

/** A stack with what is given, and nothing else. */
export const deployedLike = (more: Partial<DeployedMessaging>): DeployedMessaging => ({
  ...{ queues: [], deadLetterQueues: [], unread: [], logs: [], tableStreams: [] },
  ...{ consumers: [], archives: [], outboxTables: [], inboxTables: [] },
  ...more,
});
