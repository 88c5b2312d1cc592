import { consume } from '../../../../lib/runtime/consuming/consume.ts';
import { requiredEnv } from '../../../../lib/runtime/invocation/environment.ts';
import { Reject } from '../../../../lib/runtime/invocation/outcomes.ts';
import { dynamodb } from '../../../../lib/runtime/invocation/runtime.ts';
import { weighParcel } from '../contract.ts';

const table = requiredEnv('SCALES_TABLE', 'where weighed parcels are noted, and that the scales are mended');

export const handler = consume(weighParcel, {
  'alarms.parcel': async ({ parcel }) => {
    const { Item } = await dynamodb('GetItem', { TableName: table, Key: { pk: 'mended' }, ConsistentRead: true });
    if (Item === undefined) throw new Reject('too heavy', 'the scales do not go that far');
    return [{ Put: { TableName: table, Item: { pk: `weighed/${parcel}` } } }];
  },
});
