import { consume } from '../../../../lib/runtime/consuming/consume.ts';
import { requiredEnv } from '../../../../lib/runtime/invocation/environment.ts';
import { Reject } from '../../../../lib/runtime/invocation/outcomes.ts';
import { Due, remind } from '../contract.ts';

const table = requiredEnv('WORK_TABLE', 'where the work is noted');

export const handler = consume(remind, {
  [Due.type]: async ({ what, fail }, { event }) => {
    if (fail) throw new Reject('asked-for', 'this one fails');
    return [
      {
        Update: {
          TableName: table,
          Key: { pk: `due/${what}/${event.id}` },
          UpdateExpression: 'SET dueAt = :due ADD times :one',
          ExpressionAttributeValues: { ':due': event.time, ':one': 1 },
        },
      },
    ];
  },
});
