import { consume } from '../../../../lib/runtime/consuming/consume.ts';
import { requiredEnv } from '../../../../lib/runtime/invocation/environment.ts';
import { Due, doChores } from '../contract.ts';

const table = requiredEnv('WORK_TABLE', 'where the work is noted');

export const handler = consume(doChores, {
  [Due.type]: async ({ what }, { event }) => [
    {
      Update: {
        TableName: table,
        Key: { pk: `chores/${what}` },
        UpdateExpression: 'SET ids = list_append(if_not_exists(ids, :none), :id)',
        ExpressionAttributeValues: { ':none': [], ':id': [event.id] },
      },
    },
  ],
});
