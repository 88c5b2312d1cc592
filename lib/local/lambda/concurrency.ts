import { LambdaApiError, throttled } from './errors.ts';

/** What the account lets functions run at a time. */
export interface ConcurrencyLimits {
  /** All functions together. */
  readonly concurrency: number;
  /** What reservations must leave to the functions that have none. */
  readonly unreserved: number;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html */
export const DEFAULT_LIMITS: ConcurrencyLimits = { concurrency: 1_000, unreserved: 100 };

/** A function's part of the account's concurrency. */
export interface Share {
  /** Most events at a time, taken out of what the others have; undefined: as many as are left to those without. */
  readonly reserved: number | undefined;
  /** Events running now. */
  readonly running: number;
}

/** Who may run an event: a function within its reservation, the others together within what is not reserved. */
export interface Concurrency {
  readonly limits: ConcurrencyLimits;
  /** Events running now. */
  readonly running: number;
  /** Sum of the reservations. */
  readonly reserved: number;
  /** @throws LambdaApiError InvalidParameterValueException when a reservation leaves too little to the others */
  open(reserved: number | undefined): Share;
  /** Changes a reservation. @throws LambdaApiError as `open` does; it is then as it was */
  reserve(share: Share, reserved: number | undefined): void;
  /** Gives a reservation back; what runs comes to its end. */
  close(share: Share): void;
  /** Begins an event. @throws LambdaApiError TooManyRequestsException */
  enter(share: Share): void;
  leave(share: Share): void;
}

interface MutableShare extends Share {
  reserved: number | undefined;
  running: number;
}

/** @param onExhausted told when the functions without a reservation have used up what there is */
export function createConcurrency(limits: ConcurrencyLimits, onExhausted: () => void): Concurrency {
  let reservedSum = 0;
  let running = 0;
  /** Of functions without a reservation. */
  let sharing = 0;

  const check = (before: number, wanted: number | undefined): void => {
    const { concurrency, unreserved } = limits;
    if (wanted === undefined || wanted <= before || concurrency - (reservedSum - before + wanted) >= unreserved) return;
    throw new LambdaApiError(
      400,
      'InvalidParameterValueException',
      `Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${unreserved}].`,
      { Type: 'User' },
    );
  };
  const set = (share: MutableShare, reserved: number | undefined): void => {
    reservedSum += (reserved ?? 0) - (share.reserved ?? 0);
    if (share.reserved === undefined) sharing -= share.running;
    share.reserved = reserved;
    if (reserved === undefined) sharing += share.running;
  };

  return {
    limits,
    get running() {
      return running;
    },
    get reserved() {
      return reservedSum;
    },
    open(reserved) {
      check(0, reserved);
      reservedSum += reserved ?? 0;
      return { reserved, running: 0 };
    },
    reserve(share, reserved) {
      check(share.reserved ?? 0, reserved);
      set(share as MutableShare, reserved);
    },
    close: (share) => set(share as MutableShare, undefined),
    enter(share) {
      if (share.reserved === undefined) {
        if (sharing >= limits.concurrency - reservedSum) {
          onExhausted();
          throw throttled(false);
        }
        sharing += 1;
      } else if (share.running >= share.reserved) throw throttled(true);
      running += 1;
      (share as MutableShare).running += 1;
    },
    leave(share) {
      running -= 1;
      (share as MutableShare).running -= 1;
      if (share.reserved === undefined) sharing -= 1;
    },
  };
}
