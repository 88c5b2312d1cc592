/** What a declaration does not say, and the cost depends on. */
export interface Assumptions {
  /** Share of the declared peak that is usual, where traffic does not say what is usual. */
  readonly usualShareOfPeak: number;
  /** Billed milliseconds of one invocation. */
  readonly durationMs: number;
  /** Memory of a function, MiB, where no assembly tells. */
  readonly memoryMib: number;
  /** Items of up to 1 KB that a handler writes with each message (inbox `effect`), a fold with each transaction, a producer with each event of an outbox. */
  readonly effectItems: number;
  /** What one invocation writes to its log: its metrics, and Lambda's own lines. */
  readonly logBytesPerInvocation: number;
  /** The line that says what became of a message. */
  readonly logBytesPerMessage: number;
  /** How long logs are kept, days. */
  readonly logDays: number;
}

export const DEFAULT_ASSUMPTIONS: Assumptions = {
  // The inverse of the rule to provision three times what is usual.
  usualShareOfPeak: 1 / 3,
  durationMs: 100,
  memoryMib: 512,
  effectItems: 1,
  // Both measured with the orders: 650 bytes of metrics, 350 of Lambda's START, END and REPORT; 260 for a message that is done.
  logBytesPerInvocation: 1_000,
  logBytesPerMessage: 260,
  logDays: 7,
};

/** The assumptions in words, for people who read the sum. */
export const assumptionTexts = (a: Assumptions): string[] => [
  `an invocation is billed ${a.durationMs} ms (--duration) and writes ${a.logBytesPerInvocation} bytes of log and ${a.logBytesPerMessage} for each message, kept ${a.logDays} days`,
  `functions have ${a.memoryMib} MiB, unless an assembly (--assembly) says otherwise`,
  `a handler with inbox 'effect' writes ${a.effectItems} item of up to 1 KB with each message, a fold one such with each transaction, and so does the producer of an outbox (--effect-items)`,
  'a queue hands over a batch as soon as there is a message: batches are no fuller than concurrency and batch window make them',
  'every event passes every filter; nothing fails, nothing is tried again, nothing is oversized',
  'delivery from a topic counts as a request of the queue',
];

/** What no line stands for. */
export const LEFT_OUT =
  "free tiers, discounts and taxes; data transfer; requests to KMS; retries and dead letters; claim checks; tables and buckets of the system's own beyond the items above, what its functions call (e-mail, payment), the function that takes requests";
