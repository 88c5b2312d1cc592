import { hash } from 'node:crypto';
import { memoryOf } from '../state/memory-of.ts';
import type { State } from '../state/state.ts';
import { DynamodbError } from './errors.ts';

/** How long a ClientRequestToken stands for its transaction. */
const TOKEN_MS = 10 * 60 * 1_000;

/** Which transactions were done, or are under way, by their ClientRequestTokens. */
export interface RequestTokens {
  /**
   * Whether the same transaction was done already.
   * @throws IdempotentParameterMismatchException when it was another, TransactionInProgressException when it is under way
   */
  isRepeated(token: string, body: Buffer): boolean;
  /** Runs the transaction of a token; it is remembered when it comes to a good end. */
  during<T>(token: string, body: Buffer, run: () => Promise<T>): Promise<T>;
  /** In the turn of the event loop in which it is committed. */
  remember(token: string, body: Buffer): void;
}

/** @param state remembers them over a restart */
export function createRequestTokens(state: State | undefined): RequestTokens {
  const digests = memoryOf<string>('dynamodb-tokens', TOKEN_MS, state);
  const underWay = new Map<string, string>();
  const digestOf = (body: Buffer) => hash('sha1', body);
  return {
    isRepeated(token, body) {
      const running = underWay.get(token);
      const known = running ?? digests.get(token);
      if (known === undefined) return false;
      if (known !== digestOf(body))
        throw new DynamodbError(
          'IdempotentParameterMismatchException',
          'Client request token was used with different parameters within the last 10 minutes',
        );
      if (running === undefined) return true;
      throw new DynamodbError(
        'TransactionInProgressException',
        'The transaction with the given request token is already in progress.',
      );
    },
    async during(token, body, run) {
      underWay.set(token, digestOf(body));
      try {
        return await run();
      } finally {
        underWay.delete(token);
      }
    },
    remember: (token, body) => digests.set(token, digestOf(body)),
  };
}
