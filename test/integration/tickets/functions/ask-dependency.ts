import { consume } from '../../../../lib/runtime/consuming/consume.ts';
import { requiredEnv } from '../../../../lib/runtime/invocation/environment.ts';
import { Outage, Reject } from '../../../../lib/runtime/invocation/outcomes.ts';
import { dynamodb } from '../../../../lib/runtime/invocation/runtime.ts';
import { askDependency } from '../contract.ts';

const table = requiredEnv('WORK_TABLE', 'where the work is noted');

export const handler = consume(askDependency, {
  'tickets.ticket': async ({ ticket, number, fail }, { attempt }) => {
    if (fail === 'poison') throw new Reject('poison', 'this ticket never works');
    const { Item } = await dynamodb('GetItem', { TableName: table, Key: { pk: 'dependency' }, ConsistentRead: true });
    if (Item?.down) throw new Outage('dependency', 'the dependency is down');
    return [{ Put: { TableName: table, Item: { pk: `${ticket}/${number}`, receives: attempt } } }];
  },
});
