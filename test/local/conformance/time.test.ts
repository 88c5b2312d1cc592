import { GetEventSourceMappingCommand, UpdateEventSourceMappingCommand } from '@aws-sdk/client-lambda';
import { PurgeQueueCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { expect } from 'vitest';
import type { JsonObject } from '../../../lib/local/json.ts';
import { ACCOUNT, letIn, queue, REGION } from '../engine/support.ts';
import { conformanceApp, until } from './app.ts';
import { conforms } from './conforms.ts';
import { put } from './kinesis-client.ts';
import { bodies, createQueue, depth, queueArn, receive, send, sendFifo, take } from './sqs-client.ts';

/** A minute passes in a second: `timeScale` shortens what AWS has in minutes and days. */
const TIME_SCALE = 60;
const app = conformanceApp({ timeScale: TIME_SCALE });
const sqs = (): SQSClient => app.clients.sqs;
const pass = (minutes: number) => new Promise((resolve) => setTimeout(resolve, (minutes * 60_000) / TIME_SCALE + 100));

conforms(
  'SQS: a message is deleted when its retention period is over, hidden or not',
  { source: 'sqs-api' },
  async () => {
    const url = await createQueue(sqs(), 'retention', { MessageRetentionPeriod: '60' });
    await send(sqs(), url, 'hidden');
    await receive(sqs(), url, { visibility: 600 });
    await send(sqs(), url, 'visible');
    expect(await depth(sqs(), url)).toBe(2);
    await pass(1);
    expect(await receive(sqs(), url)).toEqual([]);
    expect(await depth(sqs(), url)).toBe(0);
  },
);

/** A queue whose messages wait for minutes before their second receive makes dead letters of them. */
async function lateLetter(suffix: string): Promise<string> {
  const dead = await createQueue(sqs(), `retained-dead${suffix}`, { MessageRetentionPeriod: '600' });
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: queueArn(dead), maxReceiveCount: 1 });
  const url = await createQueue(sqs(), `retained${suffix}`, { VisibilityTimeout: '0', RedrivePolicy });
  await (suffix === '' ? send(sqs(), url, 'x') : sendFifo(sqs(), url, 'g', 'x'));
  await receive(sqs(), url);
  await pass(10);
  await receive(sqs(), url);
  return dead;
}
conforms(
  'SQS: a standard dead-letter queue counts retention from the first sending: dead letters can expire early',
  { source: 'sqs-dlq' },
  async () => {
    expect(await depth(sqs(), await lateLetter(''))).toBe(0);
  },
);
conforms('SQS FIFO: a dead-letter queue counts retention from the move', { source: 'sqs-dlq' }, async () => {
  const dead = await lateLetter('.fifo');
  expect(await depth(sqs(), dead)).toBe(1);
  await pass(10);
  expect(await depth(sqs(), dead)).toBe(0);
});
conforms('SQS: a queue can be purged again after a minute', { source: 'sqs-api' }, async () => {
  const url = await createQueue(sqs(), 'purged-twice');
  await sqs().send(new PurgeQueueCommand({ QueueUrl: url }));
  await pass(1);
  await send(sqs(), url, 'x');
  await sqs().send(new PurgeQueueCommand({ QueueUrl: url }));
  expect(await depth(sqs(), url)).toBe(0);
});

const aging = app.streamConsumer('see(data);', {
  mapping: {
    Enabled: false,
    MaximumRecordAgeInSeconds: 600,
    MaximumBatchingWindowInSeconds: 2,
    DestinationConfig: true,
  },
});
conforms(
  'Kinesis → Lambda: records that are too old are split off and given up without an invocation, the others are processed',
  { source: 'recorded' },
  async () => {
    const { kinesis, lambda } = app.clients;
    await put(kinesis, aging.streamName, ['old', 'old too']);
    await pass(10);
    await put(kinesis, aging.streamName, ['young']);
    await lambda.send(new UpdateEventSourceMappingCommand({ UUID: aging.mappingId, Enabled: true }));
    await until('the mapping to be enabled', async () => {
      const { State } = await lambda.send(new GetEventSourceMappingCommand({ UUID: aging.mappingId }));
      return State === 'Enabled';
    });
    const [message] = await take(sqs(), aging.failedUrl, 1);
    const record = JSON.parse(message?.Body ?? '');
    expect(record).toMatchObject({
      requestContext: { condition: 'RecordAgeExceeded', functionArn: aging.arn },
      KinesisBatchInfo: { batchSize: 2 },
    });
    expect(record).not.toHaveProperty('responseContext');
    await until('the young record', () => aging.seen().flat().includes('young'));
    expect(aging.seen()).toEqual([['young']]);
  },
);

const ticking = app.lambda('see(event);');
app.add({
  ...queue('Ticks'),
  ...letIn('Ticks', 'queue', 'events.amazonaws.com'),
  ...letIn(ticking.id, 'function', 'events.amazonaws.com'),
  Rule: {
    Type: 'AWS::Events::Rule',
    Properties: {
      ScheduleExpression: 'rate(1 minute)',
      Targets: [
        { Id: 'a', Arn: { 'Fn::GetAtt': [ticking.id, 'Arn'] } },
        { Id: 'b', Arn: { 'Fn::GetAtt': ['Ticks', 'Arn'] }, Input: '{"tick":true}' },
      ],
    },
  },
  Disabled: {
    Type: 'AWS::Events::Rule',
    Properties: {
      ScheduleExpression: 'rate(1 minute)',
      State: 'DISABLED',
      Targets: [{ Id: 'a', Arn: { 'Fn::GetAtt': ['Ticks', 'Arn'] }, Input: '"never"' }],
    },
  },
});
conforms(
  'EventBridge: a scheduled rule sends a Scheduled Event or its own input, again and again',
  { source: 'events-rules' },
  async () => {
    const ticks = await take(sqs(), app.physical('Ticks'), 3);
    expect(new Set(bodies(ticks))).toEqual(new Set(['{"tick":true}']));
    expect(ticking.seen()[0]).toEqual({
      version: '0',
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      account: ACCOUNT,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      region: REGION,
      resources: [expect.stringMatching(/^arn:aws:events:us-east-1:000000000000:rule\//)],
      detail: {},
    });
  },
);

app.add({
  ...queue('Once'),
  ...queue('Often'),
  ...queue('Lost'),
  Group: { Type: 'AWS::Scheduler::ScheduleGroup', Properties: { Name: 'mine' } },
  Sender: {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: {
        Statement: [{ Effect: 'Allow', Principal: { Service: 'scheduler.amazonaws.com' }, Action: 'sts:AssumeRole' }],
      },
      Policies: [
        {
          PolicyName: 'send',
          PolicyDocument: { Statement: [{ Effect: 'Allow', Action: 'sqs:SendMessage', Resource: '*' }] },
        },
      ],
    },
  },
});
/** The Scheduler API, as an SDK calls it. */
async function scheduler(
  method: string,
  path: string,
  body?: JsonObject,
): Promise<{ status: number; answer: JsonObject }> {
  const authorization =
    'AWS4-HMAC-SHA256 Credential=outside/20260101/us-east-1/scheduler/aws4_request, SignedHeaders=host, Signature=x';
  const init = { method, headers: { authorization }, ...(body && { body: JSON.stringify(body) }) };
  const response = await fetch(`${app.engine.url}/schedules/${path}`, init);
  return { status: response.status, answer: (await response.json()) as JsonObject };
}
const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString().slice(0, 19);
const schedule = (expression: string, target: JsonObject, more: JsonObject = {}): JsonObject => ({
  ScheduleExpression: expression,
  FlexibleTimeWindow: { Mode: 'OFF' },
  Target: { RoleArn: app.attribute('Sender', 'Arn'), ...target },
  ...more,
});
const gone = (path: string) => until(`${path} to be gone`, async () => (await scheduler('GET', path)).status === 404);

conforms(
  'Scheduler: a one-time schedule fires once, with its context attributes filled in, and goes when it says so',
  { source: 'scheduler-context' },
  async () => {
    const due = inMinutes(3);
    const Input =
      '{"arn":"<aws.scheduler.schedule-arn>","at":"<aws.scheduler.scheduled-time>","try":<aws.scheduler.attempt-number>}';
    const more = { GroupName: 'mine', ActionAfterCompletion: 'DELETE' };
    const target = { Arn: queueArn(app.physical('Once')), Input };
    const { answer } = await scheduler('POST', 'tea', schedule(`at(${due})`, target, more));
    const arn = `arn:aws:scheduler:us-east-1:${ACCOUNT}:schedule/mine/tea`;
    expect(answer).toEqual({ ScheduleArn: arn });
    const [message] = await take(sqs(), app.physical('Once'), 1);
    expect(JSON.parse(message?.Body ?? '')).toEqual({ arn, at: `${due}Z`, try: 1 });
    await gone('tea?groupName=mine');
  },
);
conforms('Scheduler: a recurring schedule fires until it is deleted', { source: 'scheduler' }, async () => {
  const target = { Arn: queueArn(app.physical('Often')), Input: 'tick' };
  expect((await scheduler('POST', 'often', schedule('rate(1 minutes)', target))).status).toBe(400);
  expect((await scheduler('POST', 'often', schedule('rate(1 minute)', target))).status).toBe(200);
  expect(bodies(await take(sqs(), app.physical('Often'), 2))).toEqual(['tick', 'tick']);
  expect((await scheduler('DELETE', 'often')).status).toBe(200);
  await gone('often');
});
conforms(
  'Scheduler: what cannot be sent goes to the dead-letter queue of the target',
  { source: 'scheduler', faithful: 'partly', remark: 'On AWS after retries for up to 24 hours; here at once.' },
  async () => {
    const target = {
      Arn: queueArn('x/nowhere'),
      Input: 'lost',
      DeadLetterConfig: { Arn: queueArn(app.physical('Lost')) },
    };
    await scheduler('POST', 'lost', schedule(`at(${inMinutes(1)})`, target));
    const [letter] = await take(sqs(), app.physical('Lost'), 1);
    expect(letter?.Body).toBe('lost');
    expect(Object.keys(letter?.MessageAttributes ?? {})).toEqual(
      expect.arrayContaining(['ERROR_CODE', 'ERROR_MESSAGE', 'SCHEDULE_ARN']),
    );
  },
);
conforms(
  'Scheduler: a name is taken once in a group; groups and names have to be there',
  { source: 'scheduler' },
  async () => {
    const target = { Arn: queueArn(app.physical('Once')), Input: 'x' };
    const far = schedule('at(2199-01-01T00:00:00)', target);
    expect((await scheduler('POST', 'taken', far)).status).toBe(200);
    expect(await scheduler('POST', 'taken', far)).toMatchObject({ status: 409 });
    expect((await scheduler('POST', 'taken', { ...far, GroupName: 'mine' })).status).toBe(200);
    expect((await scheduler('POST', 'free', { ...far, GroupName: 'theirs' })).status).toBe(404);
    expect((await scheduler('DELETE', 'nobody')).status).toBe(404);
    expect((await scheduler('POST', 'bad', { ...far, ScheduleExpression: 'tomorrow' })).status).toBe(400);
  },
);
