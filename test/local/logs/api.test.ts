import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { expect, onTestFinished, test } from 'vitest';
import type { Engine } from '../../../lib/local/engine.ts';
import { createLogStore, KEPT_CHARACTERS, KEPT_LINES } from '../../../lib/local/logs/log-store.ts';
import { lambda, REGION, start, until, writeAssembly } from '../engine/support.ts';

function logsClient({ url }: Engine): CloudWatchLogsClient {
  const client = new CloudWatchLogsClient({
    endpoint: url,
    region: REGION,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  onTestFinished(() => client.destroy());
  return client;
}

/** Straight to standard output: what goes through `console` begins with time, request id and level. */
const CODE =
  "const say = (line) => process.stdout.write(line + '\\n'); exports.handler = async ({ n }) => { say(JSON.stringify({ level: 'info', n })); say('[ERROR] ' + n); };";

async function run(invocations: number) {
  const running = await start(
    writeAssembly({
      ...lambda('F', CODE, { FunctionName: 'greeter' }),
      Kept: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: '/kept', RetentionInDays: 7 } },
    }),
  );
  const client = logsClient(running.engine);
  const path = '/2015-03-31/functions/greeter/invocations';
  for (let n = 0; n < invocations; n++) await running.calls.rest('lambda', 'POST', path, JSON.stringify({ n }));
  const logGroupName = '/aws/lambda/greeter';
  await until('the last line', async () => {
    const { events = [] } = await client.send(new FilterLogEventsCommand({ logGroupName, filterPattern: 'REPORT' }));
    return events.length === invocations;
  });
  return { ...running, client, logGroupName };
}

test('what a function writes is in its log group, framed as Lambda frames it', async () => {
  const { client, logGroupName, logs } = await run(1);
  const { logStreams = [] } = await client.send(new DescribeLogStreamsCommand({ logGroupName }));
  expect(logStreams.map(({ logStreamName }) => logStreamName)).toEqual([
    expect.stringMatching(/^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/),
  ]);
  const logStreamName = logStreams[0]?.logStreamName;
  const { events = [] } = await client.send(
    new GetLogEventsCommand({ logGroupName, logStreamName, startFromHead: true }),
  );
  expect(events.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^START RequestId: [0-9a-f-]{36} Version: \$LATEST$/),
    '{"level":"info","n":0}',
    '[ERROR] 0',
    expect.stringMatching(/^END RequestId: /),
    expect.stringMatching(/^REPORT RequestId: .*\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 256 MB$/),
  ]);
  expect(Math.abs((events[0]?.timestamp ?? 0) - Date.now())).toBeLessThan(60_000);
  // Lambda's own lines are for the log, not for whoever started the engine.
  expect(logs.map(({ line }) => line)).toEqual(['{"level":"info","n":0}', '[ERROR] 0']);
});

test('lines are found by pattern and time, page by page', async () => {
  const { client, logGroupName } = await run(3);
  const find = async (input: object) => {
    const { events = [] } = await client.send(new FilterLogEventsCommand({ logGroupName, ...input }));
    return events.map(({ message }) => message);
  };
  expect(await find({ filterPattern: 'ERROR' })).toEqual(['[ERROR] 0', '[ERROR] 1', '[ERROR] 2']);
  expect(await find({ filterPattern: '{ $.n >= 1 }' })).toEqual(['{"level":"info","n":1}', '{"level":"info","n":2}']);
  expect(await find({ endTime: 1_000 })).toEqual([]);
  const paged: unknown[] = [];
  for (let nextToken: string | undefined, pages = 0; pages < 10; pages++) {
    const page = await client.send(
      new FilterLogEventsCommand({ logGroupName, filterPattern: 'ERROR', limit: 2, nextToken }),
    );
    paged.push(...(page.events ?? []).map(({ message }) => message));
    nextToken = page.nextToken;
    if (nextToken === undefined) break;
  }
  expect(paged).toEqual(['[ERROR] 0', '[ERROR] 1', '[ERROR] 2']);
});

test('a stream is read on from where a reader stopped, until its tokens stay the same', async () => {
  const { client, logGroupName } = await run(1);
  const { logStreams = [] } = await client.send(new DescribeLogStreamsCommand({ logGroupName }));
  const input = { logGroupName, logStreamName: logStreams[0]?.logStreamName, startFromHead: true, limit: 2 };
  const first = await client.send(new GetLogEventsCommand(input));
  const second = await client.send(new GetLogEventsCommand({ ...input, nextToken: first.nextForwardToken }));
  expect(second.events?.map(({ message }) => message)).toEqual(['[ERROR] 0', expect.stringMatching(/^END/)]);
  const third = await client.send(new GetLogEventsCommand({ ...input, nextToken: second.nextForwardToken }));
  const fourth = await client.send(new GetLogEventsCommand({ ...input, nextToken: third.nextForwardToken }));
  expect([third.events?.length, fourth.events?.length]).toEqual([1, 0]);
  expect(fourth.nextForwardToken).toBe(third.nextForwardToken);
});

test('groups of the app and of its functions are listed; what is not there is refused', async () => {
  const { client } = await run(1);
  const { logGroups = [] } = await client.send(new DescribeLogGroupsCommand({}));
  expect(logGroups).toMatchObject([
    {
      logGroupName: '/aws/lambda/greeter',
      logGroupArn: 'arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/greeter',
    },
    { logGroupName: '/kept', retentionInDays: 7 },
  ]);
  const missing = client.send(new FilterLogEventsCommand({ logGroupName: '/none' }));
  await expect(missing).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  const pattern = client.send(new FilterLogEventsCommand({ logGroupName: '/kept', filterPattern: '[a, b]' }));
  await expect(pattern).rejects.toThrow('Invalid filter pattern');
  const writing = client.send(new PutLogEventsCommand({ logGroupName: '/kept', logStreamName: 's', logEvents: [] }));
  await expect(writing).rejects.toThrow('operation PutLogEvents is not available in the engine');
});

test('a log is bounded in lines and in size; the newest stay', () => {
  const store = createLogStore();
  for (let line = 0; line < KEPT_LINES * 2; line++) store.write('many', 's', `line ${line}`);
  const many = store.find('many');
  expect(many?.events.length).toBeLessThanOrEqual(KEPT_LINES);
  expect(many?.events.at(-1)?.message).toBe(`line ${KEPT_LINES * 2 - 1}`);
  for (let line = 0; line < 100; line++) store.write('large', 's', 'x'.repeat(60_000));
  expect(store.find('large')?.characters).toBeLessThanOrEqual(KEPT_CHARACTERS);
});
