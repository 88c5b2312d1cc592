/** What is known about a message that was given up. Travels beside the unchanged body as one message attribute. */
export interface DeadLetter {
  /** Short and stable, for grouping: the error's name or the reader's reason. */
  readonly reason: string;
  readonly message: string;
  /** The same for failures of the same kind: hash of consumer, reason and message without its numbers and ids. */
  readonly fingerprint: string;
  readonly consumer: string;
  /** ARN of the queue or stream it came from. */
  readonly source: string;
  readonly attempts: number;
  /** ISO 8601. */
  readonly firstReceived: string;
  readonly failedAt: string;
  readonly traceId?: string | undefined;
  readonly eventId?: string | undefined;
  readonly eventType?: string | undefined;
}

/** Name of the message attribute that carries the dead letter as JSON. */
export const DEAD_LETTER_ATTRIBUTE = 'deadLetter';

/** Reasons longer than this are cut: an attribute shares the message's size limit with the body. */
export const MAX_REASON_CHARACTERS = 1_000;
