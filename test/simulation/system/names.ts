/** What things are called in a simulated deployment. */
export const INBOX = 'inbox';
export const OUTBOX_TABLE_NAME = 'outbox';
export const STATE_TABLE = 'state';
export const STREAM_NAME = 'log';
export const TOPIC_NAME = 'sim-topic';
export const LOG_NAME = 'sim-log';
export const CLAIMS_BUCKET = 'claims';
export const BREAKER_CONTROLLER = 'breaker-controller';
export const DEAD_LETTER_BUCKET = 'dead-letters';
