import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';

/** Writes for one DynamoDB transaction, as the document client takes them. */
export type Write = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** What the inbox knows of a key. */
export interface InboxRecord {
  /** Hash of the event's type and data: a duplicate with another payload is no duplicate. */
  readonly fingerprint: string;
  readonly state: 'leased' | 'done';
  /** Epoch milliseconds; leases only. */
  readonly leaseUntil?: number;
}

export interface InboxKey {
  /** `subscription#idempotency-key`, and `#part` for parts of one effect. */
  readonly key: string;
  readonly fingerprint: string;
}

/** What the steps of a lease's work came to, by their names: JSON text. */
export type StepResults = Readonly<Record<string, string>>;

/** A lease that was taken comes with what earlier holders' steps came to; otherwise with the record that stands in the way. */
export type LeaseAnswer =
  | { readonly taken: true; readonly steps: StepResults }
  | { readonly taken: false; readonly record: InboxRecord };

/**
 * The idempotent consumer's memory. Two implementations are meant: DynamoDB (`inbox-dynamodb.ts`) and one in memory for simulation.
 */
export interface Inbox {
  find(key: string): Promise<InboxRecord | undefined>;
  /**
   * Commits the writes with the record of them: both or neither.
   * @returns the record that was there before, when there was one: then nothing was written
   * @throws WriteRefused when a condition of one of the writes does not hold
   */
  commit(key: InboxKey, writes: readonly Write[]): Promise<InboxRecord | undefined>;
  /** Takes the lease for `owner`, if nobody holds one. An abandoned lease goes only to the same payload. */
  lease(key: InboxKey, owner: string, until: number): Promise<LeaseAnswer>;
  /** @returns false when the owner has lost the lease */
  renew(key: string, owner: string, until: number): Promise<boolean>;
  /** @returns false when the owner has lost the lease: somebody else may have done the work */
  complete(key: InboxKey, owner: string): Promise<boolean>;
  /** Keeps what a step came to with the lease, for its next holder. @returns false when the owner has lost the lease */
  keepStep(key: string, owner: string, step: string, result: string): Promise<boolean>;
  /** Gives the lease back undone. @param keepSteps whether there are results of steps to be kept */
  release(key: string, owner: string, keepSteps: boolean): Promise<void>;
}

/** A condition of a business write did not hold, so the transaction was cancelled and nothing happened. */
export class WriteRefused extends Error {
  override readonly name = 'WriteRefused';
  /** Positions of the refused writes in the list the handler gave. */
  readonly refused: readonly number[];

  constructor(refused: readonly number[], options?: ErrorOptions) {
    super(`the transaction was cancelled: the condition of write ${refused.join(', ')} does not hold`, options);
    this.refused = refused;
  }
}
