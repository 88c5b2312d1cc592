import { aggregate } from '../../../../lib/runtime/aggregation/aggregate.ts';
import { requiredEnv } from '../../../../lib/runtime/invocation/environment.ts';
import { countParcels } from '../contract.ts';

const table = requiredEnv('SCALES_TABLE', 'where parcels are counted');

export const handler = aggregate(countParcels, (events) => [
  {
    Update: {
      TableName: table,
      Key: { pk: 'count' },
      UpdateExpression: 'ADD parcels :parcels',
      ExpressionAttributeValues: { ':parcels': events.length },
    },
  },
]);
