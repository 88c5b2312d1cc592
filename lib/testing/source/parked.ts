import { INBOX_TABLE } from '../../contracts/agreed/tables.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import { parkedKeysKey, parkedLotKey, parkedMessageKey } from '../../runtime/control/control-items.ts';
import type { ParkedLot, ParkedMessage } from '../../runtime/dead-letters/parking.ts';
import type { Account } from '../account/account.ts';
import { INBOX_NAME } from '../account/addresses.ts';

/** A key that is parked, and what lies there. */
export interface ParkedInTest {
  readonly key: string;
  /** In the order they are to be handled. `reason`: why it failed; what only follows has none. */
  readonly messages: readonly { readonly body: string; readonly reason: string | undefined }[];
}

/** What a consumer has parked. */
export function parkedIn(subscription: Subscription, { item }: Account): ParkedInTest[] {
  const read = (key: string) => item(INBOX_NAME, { [INBOX_TABLE.partitionKey]: key });
  const keys = read(parkedKeysKey(subscription))?.keys as ReadonlySet<string> | undefined;
  return [...(keys ?? [])].map((key) => {
    const { last, resumed } = read(parkedLotKey(subscription, key)) as unknown as ParkedLot;
    const numbers = Array.from({ length: last - resumed }, (_, i) => resumed + 1 + i);
    return {
      key,
      messages: numbers.map((number) => {
        const { body, reason } = read(parkedMessageKey(subscription, key, number)) as unknown as ParkedMessage;
        return { body, reason };
      }),
    };
  });
}
