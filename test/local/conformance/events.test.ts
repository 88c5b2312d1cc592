import { expect } from 'vitest';
import type { Json, JsonObject } from '../../../lib/local/json.ts';
import { ACCOUNT, letIn, queue, REGION } from '../engine/support.ts';
import { conformanceApp, until } from './app.ts';
import { conforms } from './conforms.ts';
import { bodies, depth, take } from './sqs-client.ts';

const app = conformanceApp();
const rule = (id: string, EventPattern: JsonObject, Targets: Json[], more: JsonObject = {}): JsonObject => ({
  [id]: { Type: 'AWS::Events::Rule', Properties: { EventPattern, Targets, ...more } },
});
const target = (id: string, more: JsonObject = {}): JsonObject => ({
  Id: id,
  Arn: { 'Fn::GetAtt': [id, 'Arn'] },
  ...more,
});
/** A queue that rules may fill. */
const openQueue = (id: string): JsonObject => ({ ...queue(id), ...letIn(id, 'queue', 'events.amazonaws.com') });

interface Entry {
  readonly Source?: string;
  readonly DetailType?: string;
  readonly Detail?: string;
  readonly EventBusName?: string;
  readonly Resources?: string[];
}
/** PutEvents, as an SDK calls it. */
async function putEvents(Entries: readonly Entry[]): Promise<{ status: number; answer: JsonObject }> {
  const response = await fetch(app.engine.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'AWSEvents.PutEvents',
      authorization: `AWS4-HMAC-SHA256 Credential=outside/20260101/${REGION}/events/aws4_request, SignedHeaders=host, Signature=x`,
    },
    body: JSON.stringify({ Entries }),
  });
  return { status: response.status, answer: (await response.json()) as JsonObject };
}
const entry = (Source: string, detail: Json = {}, DetailType = 'test'): Entry => ({
  Source,
  DetailType,
  Detail: JSON.stringify(detail),
});

const [tried, triedOnce] = [app.lambda("see(1); throw new Error('no');"), app.lambda("see(1); throw new Error('no');")];
const notAgain = { RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 } };
app.add({
  ...letIn(tried.id, 'function', 'events.amazonaws.com'),
  ...letIn(triedOnce.id, 'function', 'events.amazonaws.com'),
  ...rule('Tried', { source: ['tried'] }, [target(tried.id, notAgain), target(triedOnce.id, notAgain)]),
  Once: {
    Type: 'AWS::Lambda::EventInvokeConfig',
    Properties: { FunctionName: { Ref: triedOnce.id }, Qualifier: '$LATEST', MaximumRetryAttempts: 0 },
  },
});
conforms(
  "EventBridge: the retry policy of a target ends its own tries to deliver, and not Lambda's to run a function that fails: an EventInvokeConfig does",
  { source: 'lambda-async' },
  async () => {
    await putEvents([entry('tried')]);
    await until('Lambda to try for the third time', () => tried.seen()[2]);
    expect(triedOnce.seen()).toEqual([1]);
  },
);

const listener = app.lambda('see(event);');
app.add({
  ...letIn(listener.id, 'function', 'events.amazonaws.com'),
  ...rule('Shape', { source: ['shape'] }, [target(listener.id)]),
});
conforms('EventBridge: a target gets the event with its envelope', { source: 'events-patterns' }, async () => {
  const { answer } = await putEvents([{ ...entry('shape', { n: 1 }, 'placed'), Resources: ['arn:a'] }]);
  const [{ EventId } = {}] = answer.Entries as JsonObject[];
  expect(answer.FailedEntryCount).toBe(0);
  expect(await until('the event', () => listener.seen()[0])).toEqual({
    version: '0',
    id: EventId,
    'detail-type': 'placed',
    source: 'shape',
    account: ACCOUNT,
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    region: REGION,
    resources: ['arn:a'],
    detail: { n: 1 },
  });
});

app.add({
  ...openQueue('Matched'),
  ...rule(
    'Matching',
    {
      source: ['match'],
      detail: {
        state: ['placed', { prefix: 're' }],
        total: [{ numeric: ['>=', 100] }],
        $or: [{ kind: ['a'] }, { kind: [{ 'anything-but': ['b'] }], urgent: [true] }],
      },
    },
    [target('Matched')],
  ),
  ...rule('Off', { source: ['match'] }, [target('Matched')], { State: 'DISABLED' }),
});
conforms(
  'EventBridge: a rule takes the events that its pattern matches, a disabled one none',
  { source: 'events-patterns' },
  async () => {
    const detail = { state: 'placed', total: 100, kind: 'a' };
    await putEvents([
      entry('match', { ...detail, total: 99, id: 'too cheap' }),
      entry('match', { ...detail, kind: 'b', urgent: true, id: 'wrong kind' }),
      entry('match', { ...detail, kind: 'c', id: 'not urgent' }),
      entry('other', { ...detail, id: 'other source' }),
      entry('match', { ...detail, id: '1' }),
      entry('match', { ...detail, state: 'returned', kind: 'c', urgent: true, id: '2' }),
    ]);
    const ids = (await take(app.clients.sqs, app.physical('Matched'), 2)).map(
      ({ Body }) => JSON.parse(Body ?? '').detail.id,
    );
    expect(ids.toSorted()).toEqual(['1', '2']);
    expect(await depth(app.clients.sqs, app.physical('Matched'))).toBe(0);
  },
);

app.add({
  ...openQueue('One'),
  ...openQueue('Two'),
  ...rule('Fan', { source: ['fan'] }, [target('One'), target('Two', { Input: '{"fixed":true}' })]),
});
conforms(
  'EventBridge: every target of a rule gets the event, or its own input',
  { source: 'events-patterns' },
  async () => {
    await putEvents([entry('fan')]);
    const [one] = await take(app.clients.sqs, app.physical('One'), 1);
    expect(JSON.parse(one?.Body ?? '').source).toBe('fan');
    expect(bodies(await take(app.clients.sqs, app.physical('Two'), 1))).toEqual(['{"fixed":true}']);
  },
);

app.add({
  ...queue('Shut'),
  ...openQueue('Letters'),
  ...rule('Denied', { source: ['denied'] }, [
    target('Shut', { DeadLetterConfig: { Arn: { 'Fn::GetAtt': ['Letters', 'Arn'] } } }),
  ]),
});
conforms(
  "EventBridge: what a target does not let in goes to the target's dead-letter queue, with the reason in attributes",
  {
    source: 'events-patterns',
    faithful: 'partly',
    remark: 'On AWS other failures are retried for 24 hours first; here nothing is.',
  },
  async () => {
    await putEvents([entry('denied', { id: 'lost' })]);
    const [letter] = await take(app.clients.sqs, app.physical('Letters'), 1);
    expect(JSON.parse(letter?.Body ?? '').detail.id).toBe('lost');
    expect(Object.keys(letter?.MessageAttributes ?? {}).toSorted()).toEqual([
      'ERROR_CODE',
      'ERROR_MESSAGE',
      'RULE_ARN',
      'TARGET_ARN',
    ]);
  },
);
conforms(
  'EventBridge: PutEvents takes up to 10 entries and answers each for itself',
  { source: 'events-patterns' },
  async () => {
    expect((await putEvents(Array.from({ length: 11 }, () => entry('x')))).status).toBe(400);
    const { answer } = await putEvents([
      entry('fine'),
      { ...entry('fine'), Detail: '{' },
      { ...entry('fine'), Detail: '"text"' },
      { ...entry('fine'), DetailType: '' },
      entry('aws.sqs'),
    ]);
    expect(answer.FailedEntryCount).toBe(4);
    expect((answer.Entries as JsonObject[]).map(({ ErrorCode = 'fine' }) => ErrorCode)).toEqual([
      'fine',
      'MalformedDetail',
      'MalformedDetail',
      'InvalidArgument',
      'NotAuthorizedForSourceException',
    ]);
  },
);
