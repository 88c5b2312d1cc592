import { envelope } from '../../../../lib/contracts/events/envelope.ts';
import { consume } from '../../../../lib/runtime/consuming/consume.ts';
import { requiredEnv } from '../../../../lib/runtime/invocation/environment.ts';
import { Outage } from '../../../../lib/runtime/invocation/outcomes.ts';
import { dynamodb } from '../../../../lib/runtime/invocation/runtime.ts';
import { publisher } from '../../../../lib/runtime/publishing/publish.ts';
import { ShelfChanged, shelfLog, tellShelf } from '../contract.ts';

const table = requiredEnv('WORK_TABLE', 'where the dependency is said to be down');
const publish = publisher(shelfLog);

export const handler = consume(tellShelf, {
  'dynamodb.item-changed': async (change, { event }) => {
    const { Item } = await dynamodb('GetItem', { TableName: table, Key: { pk: 'dependency' }, ConsistentRead: true });
    if (Item?.down) throw new Outage('log', 'the log is said to be down');
    const data = {
      shelf: String(change.keys.pk),
      from: change.change === 'insert' ? null : change.before.count,
      to: change.change === 'remove' ? null : change.after.count,
      expired: change.change === 'remove' && change.expired,
    };
    // The id is that of the stream's record: published twice, it is one event to its consumers.
    await publish([envelope(ShelfChanged, data, { id: event.id, source: '/shelf', time: new Date(event.time) })]);
  },
});
