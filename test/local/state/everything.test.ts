import { expect, test } from 'vitest';
import type { Json } from '../../../lib/local/json.ts';
import { listAt, objectAt, textAt } from '../../../lib/local/json.ts';
import { start, type TestEngine, until, writeAssembly } from '../engine/support.ts';
import { EVERYTHING, snapshot, use } from './one-of-everything.ts';
import { leftBehind, temporaryDirectory } from './support.ts';

/** What the mappings of the log and the table's stream have to bring. */
const READ = ['log k1', 'log k2', 'log k3', 't1', 't1', 't2', 't2'];

/** Until every record that was read is noted as read. */
async function rested({ engine }: TestEngine): Promise<void> {
  await until('the engine to be at rest', () => engine.busy === 0);
  await engine.services.state?.settled();
}

const received = async ({ calls, physical }: TestEngine, id: string): Promise<Json[]> =>
  listAt(
    await calls.json('sqs', 'ReceiveMessage', {
      ...{ QueueUrl: physical(id), MaxNumberOfMessages: 10 },
      ...{ AttributeNames: ['All'], MessageAttributeNames: ['All'] },
    }),
    'Messages',
  );

const bodyOf = (message: Json) => textAt(message, 'Body');

test('one app with one of everything: after two restarts, one of them a kill, all is as it was', async () => {
  const data = temporaryDirectory();
  const assembly = writeAssembly(EVERYTHING, { Outputs: { Work: { Value: { Ref: 'Work' } } } });
  const first = await start(assembly, { data });
  const ReceiptHandle = await use(first);
  await until('all that is read', () => first.seen('Reader').length === READ.length);
  expect(first.seen('Reader').map(String).toSorted()).toEqual(READ);
  await rested(first);
  const before = await snapshot(first);

  const copy = leftBehind(data);
  const second = await start(assembly, { data: copy });
  expect(await snapshot(second)).toEqual(before);
  // The same message again is known.
  const again = { QueueUrl: second.physical('Ordered'), MessageGroupId: 'a', MessageBody: '1' };
  await second.calls.json('sqs', 'SendMessage', again);
  expect(await snapshot(second)).toEqual(before);
  await second.engine.close();

  const third = await start(assembly, { data: copy });
  expect(await snapshot(third)).toEqual(before);
  expect(second.seen('Reader')).toEqual([]);
  // Positions: what was read is not read again, what comes now is.
  const Data = Buffer.from('new').toString('base64');
  await third.calls.json('kinesis', 'PutRecord', { StreamName: third.physical('Log'), PartitionKey: 'k1', Data });
  const Item = { pk: { S: 't3' } };
  await third.calls.json('dynamodb', 'PutItem', { TableName: third.physical('Table'), Item });
  await until('what is new', () => third.seen('Reader').length >= 2);
  expect(third.seen('Reader').map(String).toSorted()).toEqual(['new', 't3']);
  // The message in flight is still whose receipt handle this is.
  await third.calls.json('sqs', 'DeleteMessage', { QueueUrl: third.physical('Work'), ReceiptHandle });
  expect(objectAt(objectAt(await snapshot(third), 'queues'), 'Work').ApproximateNumberOfMessagesNotVisible).toBe('0');
  // Messages, with all that belongs to them.
  const [waiting, ...others] = await received(third, 'Work');
  expect(others).toEqual([]);
  expect(waiting).toMatchObject({
    ...{ Body: 'waiting', MessageAttributes: { kind: { DataType: 'Binary', BinaryValue: 'AQI=' } } },
    Attributes: { ApproximateReceiveCount: '1' },
  });
  const byGroup = Map.groupBy(
    await received(third, 'Ordered'),
    (message) => objectAt(message, 'Attributes').MessageGroupId,
  );
  expect(byGroup.get('a')?.map(bodyOf)).toEqual(['1', '2']);
  expect(byGroup.get('b')?.map(bodyOf)).toEqual(['1 of b']);
  expect((await received(third, 'Inbox')).map(bodyOf)).toEqual(['kept']);
});
