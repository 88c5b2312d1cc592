/** Most bytes of log that an invocation answers with (LogType=Tail). https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
const TAIL_BYTES = 4096;
/** Lines kept while an invocation runs; only the tail is ever shown. */
const KEPT_LINES = 200;

/** Collects the log of one invocation in the form CloudWatch shows it: START, what was written, END, REPORT. */
export class InvocationLog {
  readonly #requestId: string;
  readonly #memoryMb: number;
  readonly #started = performance.now();
  #lines: string[] = [];

  constructor(requestId: string, memoryMb: number) {
    this.#requestId = requestId;
    this.#memoryMb = memoryMb;
  }

  add(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > KEPT_LINES * 2) this.#lines = this.#lines.slice(-KEPT_LINES);
  }

  /** The tail, at most 4 KB. */
  finish(): string {
    const duration = performance.now() - this.#started;
    const report = `REPORT RequestId: ${this.#requestId}\tDuration: ${duration.toFixed(2)} ms\tBilled Duration: ${Math.ceil(duration)} ms\tMemory Size: ${this.#memoryMb} MB`;
    const text = [
      `START RequestId: ${this.#requestId} Version: $LATEST`,
      ...this.#lines,
      `END RequestId: ${this.#requestId}`,
      report,
      '',
    ].join('\n');
    return Buffer.from(text).subarray(-TAIL_BYTES).toString('utf8');
  }
}
