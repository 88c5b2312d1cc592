import { consume } from '../../../../lib/runtime/consume.ts';
import { requiredEnv } from '../../../../lib/runtime/environment.ts';
import { Reject } from '../../../../lib/runtime/outcomes.ts';
import { dynamodb } from '../../../../lib/runtime/runtime.ts';
import { inOrder } from '../contract.ts';

const table = requiredEnv('WORK_TABLE', 'where the work is noted');

export const handler = consume(inOrder, {
  'tickets.ticket': async ({ ticket, number, fail }, { log }) => {
    log('info', 'handling', { ticket, number });
    const { Item } = await dynamodb('GetItem', { TableName: table, Key: { pk: 'repaired' }, ConsistentRead: true });
    if (fail === 'reject' && !Item) throw new Reject('broken', 'not before it is repaired');
    if (fail === 'throw' && !Item) throw new Error('not before it is repaired');
    return [
      {
        Update: {
          TableName: table,
          Key: { pk: `order/${ticket}` },
          UpdateExpression: 'SET numbers = list_append(if_not_exists(numbers, :none), :number)',
          ExpressionAttributeValues: { ':none': [], ':number': [number] },
        },
      },
    ];
  },
});
