import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DescribeTableCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactGetItemsCommand,
  TransactWriteItemsCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect } from 'vitest';
import { NEW_ACCOUNT } from '../../../lib/local/account/account.ts';
import { failure, type Harness, inOnePacket, startHarness, until } from '../services/harness.ts';
import { conforms } from './conforms.ts';

const KIB = 1_024;
/** Long enough for whatever a case does meanwhile, on a busy machine. */
const TRANSACTION_MS = 1_000;
/** A minute of growth takes a thousandth of it. */
const TIME_SCALE = 3_600;
const told: string[] = [];
const harnesses = new Map<string, Harness>();
beforeAll(async () => {
  const { dynamodb } = NEW_ACCOUNT;
  harnesses.set('plain', await startHarness());
  harnesses.set(
    'slow',
    await startHarness({ account: { ...NEW_ACCOUNT, dynamodb: { ...dynamodb, transactionMs: TRANSACTION_MS } } }),
  );
  const small = {
    newTableWrites: 40,
    newTableReads: 30,
    tableWrites: 100,
    tableReads: 300,
    keyWrites: 10,
    keyReads: 10,
    warmShare: 0.5,
  };
  harnesses.set(
    'small',
    await startHarness({
      account: { ...NEW_ACCOUNT, dynamodb: { ...small, transactionMs: 0 } },
      onThrottled: (what) => void told.push(what),
      timeScale: TIME_SCALE,
    }),
  );
  harnesses.set(
    'no growth',
    await startHarness({
      account: { ...NEW_ACCOUNT, dynamodb: { ...small, transactionMs: 0 } },
      onThrottled: (what) => void told.push(what),
    }),
  );
  for (const { clients } of harnesses.values())
    for (const TableName of TABLES) await clients.dynamodb.send(createTable(TableName));
});
afterAll(async () => {
  for (const harness of harnesses.values()) await harness.close();
});

/** One for each case: a limit that one uses up is not another's. */
const TABLES = ['plain', 'conflicts', 'writes', 'hot', 'parts', 'large', 'batch', 'reads', 'grows'];
const createTable = (TableName: string) =>
  new CreateTableCommand({
    TableName,
    AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' as const })),
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    BillingMode: 'PAY_PER_REQUEST',
  });
const db = (name: string) => (harnesses.get(name) as Harness).clients.dynamodb;
const key = (pk: string, sk = 'a') => ({ pk: { S: pk }, sk: { S: sk } });
const putting = (TableName: string, pk: string, sk = 'a') => ({ Put: { TableName, Item: key(pk, sk) } });
const transaction = (TableName: string, pks: readonly string[], ClientRequestToken?: string) =>
  new TransactWriteItemsCommand({ TransactItems: pks.map((pk) => putting(TableName, pk)), ClientRequestToken });
const CONFLICT = { Code: 'TransactionConflict', Message: 'Transaction is ongoing for the item' };

/** Starts a transaction of a second, and runs something beside it. */
async function beside<T>(pks: readonly string[], run: () => Promise<T>): Promise<T> {
  const done = db('slow').send(transaction('conflicts', [...pks, `${pks[0]}-mark`]));
  // A write to one of its items tells when it is under way.
  const probe = new PutItemCommand({ TableName: 'conflicts', Item: key(`${pks[0]}-mark`) });
  await until('the transaction to be under way', async () =>
    (await failed(db('slow').send(probe))) ? true : undefined,
  );
  const result = await run();
  await done;
  return result;
}
const failed = (call: Promise<unknown>): Promise<boolean> =>
  call.then(
    () => false,
    () => true,
  );

conforms(
  'DynamoDB: a write of an item that a transaction has in its hands is TransactionConflictException',
  { source: 'dynamodb-conflicts' },
  async () => {
    const error = await beside(['single'], () =>
      failure(db('slow').send(new PutItemCommand({ TableName: 'conflicts', Item: key('single') }))),
    );
    expect(error).toMatchObject({ name: 'TransactionConflictException', message: CONFLICT.Message });
    await db('slow').send(new PutItemCommand({ TableName: 'conflicts', Item: key('single') }));
  },
);
conforms(
  'DynamoDB transactions: of two for one item the later is cancelled with TransactionConflict, writing or reading',
  { source: 'dynamodb-conflicts' },
  async () => {
    const [writing, reading, other] = await beside(['shared'], () =>
      Promise.all([
        failure(db('slow').send(transaction('conflicts', ['alone', 'shared']))),
        failure(
          db('slow').send(
            new TransactGetItemsCommand({ TransactItems: [{ Get: { TableName: 'conflicts', Key: key('shared') } }] }),
          ),
        ),
        db('slow').send(transaction('conflicts', ['elsewhere'])),
      ]),
    );
    expect(writing).toMatchObject({
      name: 'TransactionCanceledException',
      CancellationReasons: [{ Code: 'None' }, CONFLICT],
    });
    expect(reading).toMatchObject({ name: 'TransactionCanceledException', CancellationReasons: [CONFLICT] });
    expect(other.$metadata.httpStatusCode).toBe(200);
  },
);
conforms(
  'DynamoDB: a read of an item under a transaction sees what was before',
  { source: 'dynamodb-conflicts' },
  async () => {
    const read = await beside(['read'], () =>
      db('slow').send(new GetItemCommand({ TableName: 'conflicts', Key: key('read'), ConsistentRead: true })),
    );
    expect(read.Item).toBeUndefined();
  },
);
conforms(
  'DynamoDB: BatchWriteItem hands back the items that a transaction has in its hands',
  {
    source: 'dynamodb-conflicts',
    faithful: 'partly',
    remark: 'AWS says that the items conflict, not how that is answered.',
  },
  async () => {
    const requests = ['batched', 'batched-alone'].map((pk) => ({ PutRequest: { Item: key(pk) } }));
    const answer = await beside(['batched'], () =>
      db('slow').send(new BatchWriteItemCommand({ RequestItems: { conflicts: requests } })),
    );
    expect(answer.UnprocessedItems).toEqual({ conflicts: [requests[0]] });
  },
);
conforms(
  'DynamoDB transactions: the same token again while the first is under way is TransactionInProgressException',
  { source: 'dynamodb-transactions' },
  async () => {
    const send = () => db('slow').send(transaction('conflicts', ['token'], 'one'));
    const answers = await Promise.allSettled([send(), send(), send()]);
    const [refused] = answers.filter(({ status }) => status === 'rejected');
    expect(refused).toMatchObject({ reason: { name: 'TransactionInProgressException' } });
    await send();
  },
);
conforms(
  'DynamoDB transactions: those that come in at the same time conflict; one after the other they do not',
  {
    source: 'dynamodb-conflicts',
    faithful: 'partly',
    remark: 'Without an account a transaction takes no longer than it takes to look at what came in with it.',
  },
  async () => {
    const { services } = harnesses.get('plain') as Harness;
    const request = {
      line: 'POST /',
      headers: { 'x-amz-target': 'DynamoDB_20120810.TransactWriteItems', 'content-type': 'application/x-amz-json-1.0' },
      body: JSON.stringify({ TransactItems: [putting('plain', 'together')] }),
    };
    expect((await inOnePacket(services.port, [request, request, request])).toSorted()).toEqual([200, 400, 400]);
    // Over connections of their own, too.
    await until('a conflict of clients', async () => {
      const send = () => db('plain').send(transaction('plain', ['clients']));
      const answers = await Promise.allSettled(Array.from({ length: 40 }, send));
      expect(answers.map(({ status }) => status)).toContain('fulfilled');
      return answers.some(({ status }) => status === 'rejected') || undefined;
    });
    for (let time = 0; time < 20; time++) await db('plain').send(transaction('plain', ['after', `another-${time}`]));
  },
);

const identity = (error: unknown): unknown => error;

/** The first refusal of so many at a time, which a busy machine may spread over several seconds. */
const refusal = (send: (n: number) => Promise<unknown>, count: number): Promise<unknown> =>
  until('a refusal', async () => (await refusedOf(send, count))[0]);

async function refusedOf(send: (n: number) => Promise<unknown>, count: number): Promise<unknown[]> {
  const answers = await Promise.allSettled(Array.from({ length: count }, (_, n) => send(n)));
  return answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
}

conforms(
  'DynamoDB: a new on-demand table takes so many write units a second, then ThrottlingException with its reason',
  { source: 'dynamodb-throttling' },
  async () => {
    const refused = await refusal(
      (n) =>
        db('small').send(
          new PutItemCommand({ TableName: 'writes', Item: { ...key(`k${n}`), v: { S: 'x'.repeat(KIB) } } }),
        ),
      100,
    );
    expect(refused).toMatchObject({
      name: 'ThrottlingException',
      message: expect.stringContaining('Throughput exceeds the current capacity of your table or index.'),
      throttlingReasons: [
        { reason: 'TableWriteKeyRangeThroughputExceeded', resource: expect.stringMatching(/table\/writes$/) },
      ],
      $metadata: { httpStatusCode: 400 },
    });
    expect(told.join('\n')).toContain('table writes: no more than 40 write units a second');
  },
);
conforms(
  'DynamoDB: a partition key takes so many write units a second, whatever its table takes',
  { source: 'dynamodb-throttling' },
  async () => {
    const refused = await refusal(
      (n) => db('small').send(new PutItemCommand({ TableName: 'hot', Item: key('one', `${n}`) })),
      39,
    );
    expect(refused).toMatchObject({ name: 'ThrottlingException' });
    expect(told.join('\n')).toContain('table hot: no more than 10 write units of one partition key a second');
  },
);
conforms(
  'DynamoDB transactions: what is beyond the throughput cancels them with ThrottlingError; a part costs double',
  { source: 'dynamodb-throttling' },
  async () => {
    // Two parts of a key that has ten units a second cost four.
    const TransactItems = [putting('parts', 'one', 'a'), putting('parts', 'other'), putting('parts', 'one', 'b')];
    const send = () => db('small').send(new TransactWriteItemsCommand({ TransactItems }));
    const error = await until('a refusal', () => send().then(() => undefined, identity));
    expect(error).toMatchObject({
      name: 'TransactionCanceledException',
      CancellationReasons: [{ Code: 'ThrottlingError' }, { Code: 'None' }, { Code: 'ThrottlingError' }],
    });
  },
);
conforms(
  'DynamoDB: what costs more than a second has is taken all the same, and the seconds after it pay',
  { source: 'dynamodb-throttling', faithful: 'partly', remark: 'AWS has burst capacity, and does not promise it.' },
  async () => {
    const large = (pk: string) => ({
      Put: { TableName: 'large', Item: { ...key(pk), v: { S: 'x'.repeat(12 * KIB) } } },
    });
    // 26 units of a key that has 10, with a small one of the same key beside it.
    const write = () =>
      db('small').send(
        new TransactWriteItemsCommand({ TransactItems: [large('one'), putting('large', 'one', 'head')] }),
      );
    await write();
    const begun = Date.now();
    const small = new PutItemCommand({ TableName: 'large', Item: key('one', 'b') });
    expect(await failure(db('small').send(small))).toMatchObject({ name: 'ThrottlingException' });
    await until('the key to have paid', async () => !(await failed(db('small').send(small))) || undefined);
    expect(Date.now() - begun).toBeGreaterThan(1_000);
  },
);
conforms(
  'DynamoDB: a warmed table takes its warm throughput from its first second on, tells it, and is never less warm',
  { source: 'dynamodb-on-demand', faithful: 'partly', remark: 'Tables that nobody has warmed do not tell theirs.' },
  async () => {
    const { input } = createTable('warmed');
    const WarmThroughput = { WriteUnitsPerSecond: 160 };
    await db('no growth').send(new CreateTableCommand({ ...input, WarmThroughput }));
    const { Table } = await db('no growth').send(new DescribeTableCommand({ TableName: 'warmed' }));
    expect(Table?.WarmThroughput).toEqual({ ...WarmThroughput, Status: 'ACTIVE' });
    // Half of it by `warmShare`: twice what a new table takes.
    let next = 0;
    const put = () => db('no growth').send(new PutItemCommand({ TableName: 'warmed', Item: key(`k${next++}`) }));
    await refusal(put, 200);
    expect(told.join('\n')).toContain('table warmed: no more than 80 write units a second');
    const update = (units: number) =>
      db('no growth').send(
        new UpdateTableCommand({ TableName: 'warmed', WarmThroughput: { WriteUnitsPerSecond: units } }),
      );
    expect(await failure(update(159))).toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('decreasing WarmThroughput is not supported'),
    });
    await update(170);
  },
);
conforms(
  'DynamoDB: BatchWriteItem hands back what is beyond the throughput, and is throttled when nothing is left',
  { source: 'dynamodb-throttling' },
  async () => {
    const requests = Array.from({ length: 25 }, (_, n) => ({ PutRequest: { Item: key('one', `${n}`) } }));
    const send = () => db('small').send(new BatchWriteItemCommand({ RequestItems: { batch: requests } }));
    const first = await send();
    expect(first.UnprocessedItems?.batch?.length).toBeGreaterThan(0);
    const refused = await refusal(send, 5);
    expect(refused).toMatchObject({ name: 'ThrottlingException' });
  },
);
conforms(
  'DynamoDB: reads are throttled as writes are',
  { source: 'dynamodb-throttling', faithful: 'partly', remark: 'Partition keys are looked at for GetItem only.' },
  async () => {
    const reading = new GetItemCommand({ TableName: 'reads', Key: key('one'), ConsistentRead: true });
    expect(await refusal(() => db('small').send(reading), 60)).toMatchObject({
      name: 'ThrottlingException',
      throttlingReasons: [{ reason: 'TableReadKeyRangeThroughputExceeded' }],
    });
    const query = new QueryCommand({
      TableName: 'reads',
      KeyConditionExpression: 'pk = :pk',
      ConsistentRead: true,
      ExpressionAttributeValues: { ':pk': { S: 'one' } },
    });
    expect(await refusal(() => db('small').send(query), 300)).toMatchObject({ name: 'ThrottlingException' });
  },
);
conforms(
  'DynamoDB: a table takes double of what it took half an hour before, up to what the account grants a table',
  { source: 'dynamodb-on-demand', faithful: 'partly', remark: 'AWS may take more sooner; when, it does not say.' },
  async () => {
    let next = 0;
    const put = () => db('small').send(new PutItemCommand({ TableName: 'grows', Item: key(`k${next++}`) }));
    // Half a minute of the time scale is nothing: after each second the last peak counts.
    await until('more than a new table takes', async () => {
      const taken = 150 - (await refusedOf(put, 150)).length;
      return taken > 2 * 40 ? true : undefined;
    });
    await until('the limit of the account', async () => {
      const [first] = (await refusedOf(put, 250)) as { throttlingReasons?: { reason: string }[] }[];
      return first?.throttlingReasons?.[0]?.reason === 'TableWriteAccountLimitExceeded' ? true : undefined;
    });
  },
);
