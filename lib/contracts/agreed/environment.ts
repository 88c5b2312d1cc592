/** Names of the environment variables by which the constructs tell the runtime what was deployed. */
export const ENV = {
  inboxTable: 'SLUICE_INBOX_TABLE',
  outboxTable: 'SLUICE_OUTBOX_TABLE',
  deadLetterQueue: 'SLUICE_DEAD_LETTER_QUEUE_URL',
  queue: 'SLUICE_QUEUE_URL',
  /** Bucket that keeps the data of oversized events. */
  claims: 'SLUICE_CLAIMS_BUCKET',
  /** Bucket that keeps what no dead letter and no parked message can hold. */
  deadLetterBucket: 'SLUICE_DEAD_LETTER_BUCKET',
  /** Bucket of a log's archive. */
  archive: 'SLUICE_ARCHIVE_BUCKET',
  /** Name of the function that switches event source mappings. */
  breakerController: 'SLUICE_BREAKER_CONTROLLER',
  /** JSON: event source mappings by subscription, as declared. */
  mappings: 'SLUICE_MAPPINGS',
  /** Name of the function's stack: a dimension of its metrics, so that two stages of one account stay apart. */
  stack: 'SLUICE_STACK',
} as const;

/** Where a channel is: the topic's ARN, the queue's URL or the stream's name. */
export const channelEnv = (channel: { readonly name: string }): string =>
  `SLUICE_CHANNEL_${channel.name.toUpperCase().replaceAll('-', '_')}`;

/** Keys of claimed data start so: what the functions are allowed to touch in the bucket. */
export const CLAIMS_PREFIX = 'claims/';

/** Where the archive of a log is in its bucket: a partition as Athena names it. */
export const archivePrefix = (log: { readonly name: string }): string => `log=${log.name}/`;

/** What scheduling into a queue takes, as JSON in `schedulesEnv()`. */
export interface ScheduleTarget {
  /** Schedule group that one-time schedules are made in. */
  readonly group: string;
  /** Role with which Scheduler sends. */
  readonly roleArn: string;
  readonly queueArn: string;
  /** Where what could not be sent goes. */
  readonly deadLettersArn: string;
}

export const schedulesEnv = (queue: { readonly name: string }): string =>
  `SLUICE_SCHEDULES_${queue.name.toUpperCase().replaceAll('-', '_')}`;
