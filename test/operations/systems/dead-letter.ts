import type { DeadMessage } from '../../../lib/operations/dead-letters/dead-letter-queue.ts';

/** A dead letter with this reason, of this event. */
export const deadLetter = (reason: string, eventId?: string): DeadMessage => ({
  body: '{',
  bytes: Buffer.from('{'),
  attributes: {},
  letter: {
    reason,
    message: 'message',
    fingerprint: 'print',
    consumer: 'consumer',
    source: 'source',
    attempts: 1,
    firstReceived: '2010-12-01T08:00:00Z',
    failedAt: '2010-12-01T08:00:00Z',
    eventId,
  },
});
