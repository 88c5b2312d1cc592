import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { DynamodbError } from './errors.ts';

/**
 * Items under a transaction that is not done. Whoever else wants to write them meanwhile, or to read them in a transaction, is refused.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling
 */
export interface InFlight {
  /** No transaction is under way. */
  readonly isEmpty: boolean;
  /** Whether an item is under a transaction. @param place as `placeOf` gives it; a function, for it is asked only when there is one */
  isHeld(place: () => string | undefined): boolean;
  /**
   * Holds items for as long as a transaction takes, and then runs what it does.
   * @param places none of them held
   */
  during<T>(places: readonly string[], run: () => Promise<T>): Promise<T>;
}

/**
 * @param transactionMs how long a transaction takes. 0: until what has come in by now was looked at, so that it conflicts with what was
 * sent at the same time and with nothing else
 */
export function createInFlight(transactionMs: number): InFlight {
  const held = new Set<string>();
  return {
    get isEmpty() {
      return held.size === 0;
    },
    isHeld(placeOf) {
      if (held.size === 0) return false;
      const place = placeOf();
      return place !== undefined && held.has(place);
    },
    async during(places, run) {
      for (const place of places) held.add(place);
      try {
        await (transactionMs > 0 ? sleep(transactionMs) : turn());
        return await run();
      } finally {
        for (const place of places) held.delete(place);
      }
    },
  };
}

export const CONFLICT = 'Transaction is ongoing for the item';

export const transactionConflict = (): DynamodbError => new DynamodbError('TransactionConflictException', CONFLICT);
