import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Clients } from '../../../operations/deployed/clients.ts';
import { paced } from '../../../operations/traffic/pace.ts';
import { patienceFor, patiently } from '../../../runtime/invocation/patience.ts';
import { lambda } from '../../../runtime/invocation/runtime.ts';

const PARALLEL = 32;
/** A new table takes few writes a second, and nobody waits for a tool. */
const PATIENCE_MILLIS = 60_000;

/** Puts goods on the shelf. A SKU that has a shelf already keeps what it has. @returns how many SKUs are new */
export async function fillShelf(
  { dynamodb }: Clients,
  table: string,
  shelf: ReadonlyMap<string, number>,
): Promise<number> {
  let added = 0;
  await paced(
    shelf,
    ([sku]) => sku,
    async ([sku, quantity]) => {
      try {
        const put = new PutCommand({
          TableName: table,
          Item: { sku, quantity },
          ConditionExpression: 'attribute_not_exists(sku)',
        });
        // Orders that reserve goods hold their items meanwhile.
        await patiently(() => dynamodb.send(put), patienceFor(PATIENCE_MILLIS, lambda));
        added += 1;
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
      }
    },
    { parallel: PARALLEL },
  );
  return added;
}
