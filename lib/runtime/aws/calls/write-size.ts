import { DYNAMODB } from '../../../contracts/declaring/limits.ts';
import { writeBytes } from './item-size.ts';

/** Items of a write are larger than DynamoDB takes. It was not sent. */
export class WriteTooLarge extends RangeError {
  override readonly name = 'WriteTooLarge';
}

/** A transaction as it is sent. */
export interface WireWrites {
  readonly TransactItems: readonly Parameters<typeof writeBytes>[0][];
}

/** Bytes of a transaction's items as far as they are known: of an update or a condition only its key. */
export const transactionBytesOf = ({ TransactItems }: WireWrites): number =>
  TransactItems.reduce((sum, write) => sum + writeBytes(write), 0);

/** A UTF-16 unit is at most three bytes of UTF-8. */
const MAX_UNIT_BYTES = 3;

/**
 * Refuses what DynamoDB would refuse, with the numbers that its error does not have.
 * @param text the whole request in JSON, which is never shorter than what is in it: of one that is far from any limit nothing is counted
 * @throws WriteTooLarge
 */
export function checkWriteSize(operation: string, wire: object, text: string): void {
  if (operation !== 'PutItem' && operation !== 'TransactWriteItems') return;
  const writes = operation === 'PutItem' ? [{ Put: wire }] : (wire as WireWrites).TransactItems;
  const { maxItemBytes, maxTransactionBytes, maxTransactionItems } = DYNAMODB;
  if (writes.length > maxTransactionItems)
    throw new WriteTooLarge(
      `a transaction has ${writes.length} items; DynamoDB takes ${maxTransactionItems}. Split it, in an effect with part()`,
    );
  if (text.length * MAX_UNIT_BYTES <= maxItemBytes) return;
  const sizes = writes.map(writeBytes);
  const large = sizes.findIndex((bytes) => bytes > maxItemBytes);
  if (large >= 0)
    throw new WriteTooLarge(
      `item ${large} of a write is ${sizes[large]} bytes; DynamoDB takes ${maxItemBytes}. Keep what is large in S3 and its address in the item`,
    );
  const sum = sizes.reduce((total, bytes) => total + bytes, 0);
  if (sum > maxTransactionBytes)
    throw new WriteTooLarge(
      `the ${writes.length} items of a transaction are ${sum} bytes together; DynamoDB takes ${maxTransactionBytes}. Split it, in an effect with part(), or make the items smaller`,
    );
}
