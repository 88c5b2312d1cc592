import type { Duration } from '../../contracts/declaring/duration.ts';

/**
 * What a handler may say instead of returning. Anything else that it throws counts as `Retry` without a wish for the delay.
 */

/** Try again later; counts as an attempt. */
export class Retry extends Error {
  override readonly name = 'Retry';
  /** Wait this long instead of the policy's backoff. */
  readonly after: Duration | undefined;

  constructor(message: string, options?: ErrorOptions & { after?: Duration }) {
    super(message, options);
    this.after = options?.after;
  }
}

/** Will never work: to the dead letters at once, with this reason. */
export class Reject extends Error {
  override readonly name = 'Reject';
  /** Short and stable, kebab-case: groups dead letters and names the metric's dimension. */
  readonly reason: string;

  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** Reason of a message that used up its attempts. */
export const ATTEMPTS_EXHAUSTED = 'attempts-exhausted';

/** Not now: comes again after a time, without spending an attempt. At most 12 hours, SQS's longest visibility timeout. */
export class Defer extends Error {
  override readonly name = 'Defer';
  readonly after: Duration;

  constructor(after: Duration, message = 'deferred') {
    super(message);
    this.after = after;
  }
}

/** A dependency is down. Opens the subscription's breaker when it happens often enough; no message pays for it with an attempt. */
export class Outage extends Error {
  override readonly name = 'Outage';
  /** Short and stable: names the breaker's reason in logs and alarms. */
  readonly dependency: string;

  constructor(dependency: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.dependency = dependency;
  }
}

/**
 * A handler that had not settled when its time was over: abandoned, and a failed attempt. The runtime throws it, and it is the reason of the
 * handler's `signal`.
 */
export class HandlerTimedOut extends Error {
  override readonly name = 'HandlerTimedOut';
  /** Had it so little of the function's time, behind other messages, that this was no try? */
  readonly short: boolean;
  /** Seconds until the lease of the abandoned work runs out; it is not given back, as the work may still go on outside. */
  readonly leaseSeconds: number | undefined;

  constructor(
    message: string,
    { short, leaseSeconds, ...options }: ErrorOptions & { short: boolean; leaseSeconds?: number },
  ) {
    super(message, options);
    this.short = short;
    this.leaseSeconds = leaseSeconds;
  }
}

/** What a handler asked of its context after it was over: it was abandoned at its deadline, or has settled. Nothing was done. */
export class Fenced extends Error {
  override readonly name = 'Fenced';
}

/** An error for anything that was thrown, `undefined` included. */
export function toError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  // Not imported: an ES import of node:util reads all its exports, which is a tenth of a function's start.
  const { inspect } = process.getBuiltinModule('node:util');
  // Not String(): it throws for objects without a prototype, and says nothing about the others.
  return new Error(`something that is not an Error was thrown: ${inspect(thrown, { depth: 0 })}`, { cause: thrown });
}
