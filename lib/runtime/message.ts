/** A message as it arrived, whatever it came from. */
export interface Message {
  /** What a partial batch response calls it: message id (queue) or sequence number (log). */
  readonly id: string;
  readonly body: string;
  /** Within a unit, messages are handled one after the other in the order they came; units run side by side. */
  readonly unit: string | undefined;
  /** ARN of the queue or stream. */
  readonly source: string;
  /** How often it was received, this time included; undefined where the source does not count (logs). */
  readonly receives: number | undefined;
  /** Epoch milliseconds. */
  readonly firstReceived: number;
  /** Queues only: what changes its visibility. */
  readonly receiptHandle?: string;
  /** FIFO queues only. */
  readonly group?: string;
  /** String attributes as they came, to be handed on with a dead letter. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** What became of a message. */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'rejected'; readonly reason: string; readonly error: Error }
  | { readonly kind: 'retry'; readonly error: Error; readonly afterSeconds?: number }
  /** Handed back untouched: something before it in its unit failed, or the time is up. */
  | { readonly kind: 'held' };
