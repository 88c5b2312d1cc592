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

  /** The line before everything else. */
  start(): string {
    return `START RequestId: ${this.#requestId} Version: $LATEST`;
  }

  /** The lines after everything else, and the tail of all, at most 4 KB. */
  finish(): { readonly lines: readonly string[]; readonly tail: string } {
    const duration = performance.now() - this.#started;
    const report = `REPORT RequestId: ${this.#requestId}\tDuration: ${duration.toFixed(2)} ms\tBilled Duration: ${Math.ceil(duration)} ms\tMemory Size: ${this.#memoryMb} MB`;
    const lines = [`END RequestId: ${this.#requestId}`, report];
    const text = [this.start(), ...this.#lines, ...lines, ''].join('\n');
    return { lines, tail: Buffer.from(text).subarray(-TAIL_BYTES).toString('utf8') };
  }
}
