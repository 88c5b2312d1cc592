/** Names of the environment variables by which the constructs tell the runtime what was deployed. */
export const ENV = {
  inboxTable: 'SLUICE_INBOX_TABLE',
  outboxTable: 'SLUICE_OUTBOX_TABLE',
  deadLetterQueue: 'SLUICE_DEAD_LETTER_QUEUE_URL',
  queue: 'SLUICE_QUEUE_URL',
  /** Bucket that keeps the data of oversized events. */
  claims: 'SLUICE_CLAIMS_BUCKET',
  /** Name of the function that switches event source mappings. */
  breakerController: 'SLUICE_BREAKER_CONTROLLER',
  /** JSON: mapping id by subscription. */
  mappings: 'SLUICE_MAPPINGS',
} as const;

/** Where a channel is: the topic's ARN, the queue's URL or the stream's name. */
export const channelEnv = (channel: { readonly name: string }): string =>
  `SLUICE_CHANNEL_${channel.name.toUpperCase().replaceAll('-', '_')}`;
