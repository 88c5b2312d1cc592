import { consume, requiredEnv } from 'sluice/runtime';
import { announce, ParcelSent } from '../../contract.ts';

const TableName = requiredEnv('ANNOUNCEMENTS', 'the table of what was announced');

/** The writes commit in one transaction with the inbox record: whatever comes twice is announced once. */
export const handler = consume(announce, {
  [ParcelSent.type]: async ({ parcel, to }) => [
    {
      Update: {
        TableName,
        Key: { parcel },
        UpdateExpression: 'SET told = :told ADD times :one',
        ExpressionAttributeValues: { ':told': `on its way to ${to}`, ':one': 1 },
      },
    },
  ],
});
