import { expect, test } from 'vitest';
import type { Engine } from '../../../lib/local/engine.ts';
import type { JsonObject } from '../../../lib/local/json.ts';
import { ACCOUNT, depth, lambda, queue, start, takeMessages, until, writeAssembly } from './support.ts';

const ROLE = `arn:aws:iam::${ACCOUNT}:role/x`;
const arnOf = (name: string) => `arn:aws:sqs:us-east-1:${ACCOUNT}:${name}`;
/** `at()` in so many minutes. */
const inMinutes = (minutes: number): string =>
  `at(${new Date(Date.now() + minutes * 60_000).toISOString().slice(0, 19)})`;

/** Calls the API as an SDK does. @throws Error with code and message */
async function api(engine: Engine, method: string, path: string, body?: JsonObject): Promise<JsonObject> {
  const authorization =
    'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/scheduler/aws4_request, SignedHeaders=host, Signature=x';
  const init = { method, headers: { authorization }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  const response = await fetch(`${engine.url}/schedules/${path}`, init);
  const answer = (await response.json()) as JsonObject;
  if (!response.ok) throw new Error(`${response.headers.get('x-amzn-errortype')}: ${answer.message}`);
  return answer;
}

const create = (engine: Engine, name: string, schedule: JsonObject) => api(engine, 'POST', name, schedule);
const get = (engine: Engine, name: string) => api(engine, 'GET', name);
const remove = (engine: Engine, name: string) => api(engine, 'DELETE', name);

const once = (queueName: string, change: JsonObject = {}): JsonObject => ({
  ScheduleExpression: inMinutes(5),
  FlexibleTimeWindow: { Mode: 'OFF' },
  ActionAfterCompletion: 'DELETE',
  Target: { Arn: arnOf(queueName), RoleArn: ROLE, Input: '{"at":"<aws.scheduler.scheduled-time>"}' },
  ...change,
});

const assembly = () =>
  writeAssembly({
    ...queue('Work'),
    ...queue('Dead'),
    Group: { Type: 'AWS::Scheduler::ScheduleGroup', Properties: { Name: 'mine' } },
  });

test('a one-time schedule fires once at its time, fills in the time, and is gone', async () => {
  const { engine, calls, physical } = await start(assembly(), { timeScale: 600 });
  const schedule = once(physical('Work'), { GroupName: 'mine' });
  const answer = await create(engine, 'tea', schedule);
  expect(answer.ScheduleArn).toBe(`arn:aws:scheduler:us-east-1:${ACCOUNT}:schedule/mine/tea`);
  expect(await get(engine, 'tea?groupName=mine')).toMatchObject({
    ...schedule,
    Name: 'tea',
    State: 'ENABLED',
  });
  const [message] = await takeMessages(calls, physical('Work'), 1);
  const due = String(schedule.ScheduleExpression).slice(3, -1);
  expect(JSON.parse(String((message as JsonObject).Body))).toEqual({ at: `${due}Z` });
  await until('the schedule to be gone', async () =>
    get(engine, 'tea?groupName=mine').then(
      () => false,
      () => true,
    ),
  );
  await expect(get(engine, 'tea?groupName=mine')).rejects.toThrow('ResourceNotFoundException');
});

test('the same name twice is a conflict in its group, and none in another', async () => {
  const { engine, physical } = await start(assembly());
  await create(engine, 'tea', once(physical('Work')));
  await expect(create(engine, 'tea', once(physical('Work')))).rejects.toThrow('ConflictException');
  await create(engine, 'tea', once(physical('Work'), { GroupName: 'mine' }));
});

test('a schedule that was deleted does not fire', async () => {
  const { engine, calls, physical } = await start(assembly(), { timeScale: 600 });
  await create(engine, 'tea', once(physical('Work'), { ScheduleExpression: inMinutes(2) }));
  await create(engine, 'later', once(physical('Work'), { ScheduleExpression: inMinutes(5) }));
  await remove(engine, 'tea');
  await expect(remove(engine, 'tea')).rejects.toThrow('ResourceNotFoundException');
  await until('the later one', async () => (await depth(calls, physical('Work'))) > 0);
  expect(await depth(calls, physical('Work'))).toBe(1);
});

test('what cannot be sent goes to the dead letters', async () => {
  const { engine, calls, physical } = await start(assembly(), { timeScale: 600 });
  const Target = {
    Arn: arnOf('nowhere'),
    RoleArn: ROLE,
    Input: 'hello',
    DeadLetterConfig: { Arn: arnOf(physical('Dead')) },
  };
  await create(engine, 'tea', once('', { Target }));
  const [message] = await takeMessages(calls, physical('Dead'), 1);
  expect(message).toMatchObject({ Body: 'hello' });
});

test('a FIFO queue is sent to by content: one without content-based deduplication refuses', async () => {
  const fifo = (name: string, more: JsonObject) =>
    queue(name, { FifoQueue: true, QueueName: `${name.toLowerCase()}.fifo`, ...more });
  const { engine, calls, physical } = await start(
    writeAssembly({ ...fifo('Content', { ContentBasedDeduplication: true }), ...fifo('Ids', {}), ...queue('Dead') }),
    { timeScale: 600 },
  );
  for (const name of ['content.fifo', 'ids.fifo']) {
    const Target = {
      ...{ Arn: arnOf(name), RoleArn: ROLE, Input: name, SqsParameters: { MessageGroupId: 'g' } },
      DeadLetterConfig: { Arn: arnOf(physical('Dead')) },
    };
    await create(engine, name.slice(0, -5), once('', { Target }));
  }
  expect(await takeMessages(calls, 'content.fifo', 1)).toMatchObject([{ Body: 'content.fifo' }]);
  expect(await takeMessages(calls, physical('Dead'), 1)).toMatchObject([{ Body: 'ids.fifo' }]);
});

test.each<[string, string, JsonObject, string]>([
  [
    'dead letters of a FIFO queue',
    'tea',
    { Target: { Arn: arnOf('x'), RoleArn: ROLE, DeadLetterConfig: { Arn: arnOf('dead.fifo') } } },
    'ValidationException: Target.DeadLetterConfig.Arn must be a standard queue',
  ],
  [
    'a group that is not there',
    'tea',
    { GroupName: 'theirs' },
    'ResourceNotFoundException: Schedule group theirs does not exist',
  ],
  ['a bad name', 'a%20b', {}, "ValidationException: the name 'a b'"],
  [
    'a bad expression',
    'tea',
    { ScheduleExpression: 'tomorrow' },
    'ValidationException: Schedule expression "tomorrow"',
  ],
  ['no window', 'tea', { FlexibleTimeWindow: {} }, 'FlexibleTimeWindow.Mode is missing'],
  ['no role', 'tea', { Target: { Arn: arnOf('x') } }, 'Target.RoleArn is missing'],
  [
    'another target',
    'tea',
    { Target: { Arn: 'arn:aws:ecs:x', RoleArn: ROLE } },
    'the target arn:aws:ecs:x is not supported',
  ],
  [
    'no time zone',
    'tea',
    { ScheduleExpressionTimezone: 'Europe/Camelot' },
    'ScheduleExpressionTimezone Europe/Camelot is not a time zone of the IANA database',
  ],
])('is refused: %s', async (_, name, change, message) => {
  const { engine } = await start(writeAssembly(queue('Work')));
  await expect(create(engine, name, once('x', change))).rejects.toThrow(message);
});

test('what the engine cannot do is said', async () => {
  const { engine } = await start(writeAssembly(queue('Work')));
  await expect(api(engine, 'PUT', 'tea', {})).rejects.toThrow('available: CreateSchedule, GetSchedule, DeleteSchedule');
});

const mayCreate = {
  Effect: 'Allow',
  Action: 'scheduler:CreateSchedule',
  Resource: `arn:aws:scheduler:us-east-1:${ACCOUNT}:schedule/default/*`,
};
const mayPass = {
  Effect: 'Allow',
  Action: 'iam:PassRole',
  Resource: ROLE,
  Condition: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } },
};

test.each<[string, JsonObject[], RegExp]>([
  [
    'leave to make schedules',
    [mayPass],
    /not authorized to perform: scheduler:CreateSchedule on resource: .*default.tea /,
  ],
  ['leave to hand on the role', [mayCreate], /not authorized to perform: iam:PassRole on resource: arn:aws:iam::/],
  [
    'both, and then it may',
    [mayCreate, mayPass],
    /"ScheduleArn":"arn:aws:scheduler:us-east-1:000000000000:schedule.default.tea"/,
  ],
])('a function needs %s', async (_, statements, expected) => {
  const code = `exports.handler = async () => {
    const Credential = process.env.AWS_ACCESS_KEY_ID + '/20260101/us-east-1/scheduler/aws4_request';
    const authorization = 'AWS4-HMAC-SHA256 Credential=' + Credential + ', SignedHeaders=host, Signature=x';
    const body = JSON.stringify(${JSON.stringify(once('x'))});
    const response = await fetch(process.env.AWS_ENDPOINT_URL + '/schedules/tea', { method: 'POST', body, headers: { authorization } });
    see(await response.json());
  };`;
  const { calls, seen, physical } = await start(
    writeAssembly({ ...queue('Work'), ...lambda('Maker', code, {}, statements) }),
  );
  await calls.rest('lambda', 'POST', `/2015-03-31/functions/${physical('Maker')}/invocations`, '{}');
  await until('an answer', () => seen('Maker').length > 0);
  expect(JSON.stringify(seen('Maker')[0])).toMatch(expected);
});
