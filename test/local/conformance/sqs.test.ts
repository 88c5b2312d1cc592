import {
  CancelMessageMoveTaskCommand,
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ListDeadLetterSourceQueuesCommand,
  ListMessageMoveTasksCommand,
  type Message,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SetQueueAttributesCommand,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { expect } from 'vitest';
import { conformanceApp, failure, until } from './app.ts';
import { conforms } from './conforms.ts';
import { attributes, bodies, createQueue, depth, queueArn, receive, send, sendFifo, take } from './sqs-client.ts';

const app = conformanceApp();
app.add({ Nothing: { Type: 'AWS::SQS::Queue', Properties: {} } });
const sqs = () => app.clients.sqs;
const MIB = 1024 * 1024;

const batch = (QueueUrl: string, Entries: { Id: string; MessageBody: string; [more: string]: unknown }[]) =>
  sqs().send(new SendMessageBatchCommand({ QueueUrl, Entries }));
const entries = (count: number, body = 'x') =>
  Array.from({ length: count }, (_, index) => ({ Id: `id${index}`, MessageBody: body }));
const remove = (QueueUrl: string, message: Message | undefined) =>
  sqs().send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle }));
const changeVisibility = (QueueUrl: string, message: Message | undefined, VisibilityTimeout: number) =>
  sqs().send(
    new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout }),
  );
/** The code of the query protocol, which older SDKs and the CLI show. */
const queryCode = (error: Record<string, unknown>) =>
  (error.Error as { Code?: string } | undefined)?.Code ?? error.Code;

conforms('SQS: a message holds up to 1 MiB, attributes included', { source: 'sqs-quotas' }, async () => {
  const url = await createQueue(sqs(), 'size');
  await send(sqs(), url, 'x'.repeat(MIB));
  const error = await failure(send(sqs(), url, 'x'.repeat(MIB + 1)));
  expect(error.message).toBe('One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.');
  const MessageAttributes = { a: { DataType: 'String', StringValue: 'b' } };
  expect((await failure(send(sqs(), url, 'x'.repeat(MIB), { MessageAttributes }))).message).toBe(error.message);
});
conforms('SQS: MaximumMessageSize lowers the limit of a queue', { source: 'recorded' }, async () => {
  const url = await createQueue(sqs(), 'small', { MaximumMessageSize: '1024' });
  await send(sqs(), url, 'x'.repeat(1024));
  expect((await failure(send(sqs(), url, 'x'.repeat(1025)))).message).toContain('shorter than 1024 bytes');
});
conforms('SQS: a batch has at most 10 entries', { source: 'recorded' }, async () => {
  const url = await createQueue(sqs(), 'batch');
  const error = await failure(batch(url, entries(11)));
  expect(error.message).toBe('Maximum number of entries per request are 10. You have sent 11.');
  expect(error.name).toBe('TooManyEntriesInBatchRequest');
});
conforms('SQS: the bodies of a batch hold up to 1 MiB together', { source: 'sqs-quotas' }, async () => {
  const url = await createQueue(sqs(), 'batch-size');
  await batch(url, entries(4, 'x'.repeat(MIB / 4)));
  const error = await failure(batch(url, [...entries(4, 'x'.repeat(MIB / 4)), { Id: 'one', MessageBody: 'x' }]));
  expect(error.name).toBe('BatchRequestTooLong');
  expect(await depth(sqs(), url)).toBe(4);
});
conforms(
  'SQS: the ids of a batch are distinct and well-formed, and there is at least one',
  { source: 'recorded' },
  async () => {
    const url = await createQueue(sqs(), 'ids');
    const named = async (ids: string[]) =>
      (
        await failure(
          batch(
            url,
            ids.map((Id) => ({ Id, MessageBody: 'x' })),
          ),
        )
      ).name;
    expect(await named(['a', 'a'])).toBe('BatchEntryIdsNotDistinct');
    expect(await named(['a:b'])).toBe('InvalidBatchEntryId');
    expect(await named([])).toBe('EmptyBatchRequest');
  },
);
conforms('SQS: one entry of a batch can fail while the others are sent', { source: 'recorded' }, async () => {
  const url = await createQueue(sqs(), 'partly', { MaximumMessageSize: '1024' });
  const { Successful = [], Failed = [] } = await batch(url, [
    { Id: 'good', MessageBody: 'x' },
    { Id: 'big', MessageBody: 'x'.repeat(1025) },
  ]);
  expect(Successful.map(({ Id }) => Id)).toEqual(['good']);
  expect(Failed).toMatchObject([{ Id: 'big', SenderFault: true, Code: 'InvalidParameterValue' }]);
});
conforms('SQS: the bytes of binary attributes count as the bytes they are', { source: 'sqs-quotas' }, async () => {
  const url = await createQueue(sqs(), 'binary-size');
  const bytes = 700_000;
  const MessageAttributes = { raw: { DataType: 'Binary.png', BinaryValue: Buffer.alloc(bytes, 7) } };
  const room = MIB - bytes - 'raw'.length - 'Binary.png'.length;
  await send(sqs(), url, 'x'.repeat(room), { MessageAttributes });
  const error = await failure(send(sqs(), url, 'x'.repeat(room + 1), { MessageAttributes }));
  expect(error.message).toContain('shorter than 1048576 bytes');
  await batch(url, [{ Id: 'a', MessageBody: 'x'.repeat(room), MessageAttributes }]);
  const over = [
    { Id: 'a', MessageBody: 'x'.repeat(room), MessageAttributes },
    { Id: 'b', MessageBody: 'x' },
  ];
  expect((await failure(batch(url, over))).name).toBe('BatchRequestTooLong');
  expect(await depth(sqs(), url)).toBe(2);
});
conforms('SQS: characters that XML does not have are refused', { source: 'sqs-api' }, async () => {
  const url = await createQueue(sqs(), 'characters');
  const inAttribute = (StringValue: string) => ({ MessageAttributes: { a: { DataType: 'String', StringValue } } });
  for (const bad of ['bell \u0007', '\u0000', '\uFFFE', '\uFFFF', '\u001F']) {
    expect((await failure(send(sqs(), url, bad))).name).toBe('InvalidMessageContents');
    expect((await failure(send(sqs(), url, 'x', inAttribute(bad)))).name).toBe('InvalidMessageContents');
    const { Failed = [] } = await batch(url, [{ Id: 'a', MessageBody: bad }]);
    expect(Failed).toMatchObject([{ Id: 'a', SenderFault: true, Code: 'InvalidMessageContents' }]);
  }
  expect(await depth(sqs(), url)).toBe(0);
  const good = ['tab\t, line\n\r, € and 漢', '\u0020\u007F\uD7FF\uE000\uFFFD', '\u{10000}\u{1F600}\u{10FFFF}'];
  for (const body of good) await send(sqs(), url, body, inAttribute(body));
  const got = await take(sqs(), url, good.length);
  expect(bodies(got).toSorted()).toEqual(good.toSorted());
  for (const { Body, MessageAttributes } of got) expect(MessageAttributes?.a?.StringValue).toBe(Body);
});
conforms('SQS: names and types of attributes follow their rules', { source: 'sqs-attributes' }, async () => {
  const url = await createQueue(sqs(), 'attribute-names');
  const attempt = (name: string, DataType = 'String', StringValue = '1') =>
    send(sqs(), url, 'x', { MessageAttributes: { [name]: { DataType, StringValue } } });
  await attempt('a'.repeat(256));
  await attempt('A-b_c.9', 'Number.int');
  await attempt('own', 'String.Own type, of mine');
  const refused: [string, string?, string?][] = [
    ...[['a'.repeat(257)], ['with space'], ['.a'], ['a.'], ['a..b'], ['AWS.a'], ['amazon.b']],
    ...[
      ['a', 'Text'],
      ['a', 'Number', 'one'],
    ],
  ] as [string, string?, string?][];
  for (const one of refused) expect((await failure(attempt(...one))).name).toBe('InvalidParameterValue');
  expect(await depth(sqs(), url)).toBe(3);
});
conforms('SQS: a message has at most 10 attributes, none of them empty', { source: 'recorded' }, async () => {
  const url = await createQueue(sqs(), 'attributes');
  const many = Object.fromEntries(
    Array.from({ length: 11 }, (_, index) => [`a${index}`, { DataType: 'String', StringValue: 'x' }]),
  );
  expect((await failure(send(sqs(), url, 'x', { MessageAttributes: many }))).message).toContain(
    'Number of message attributes [11] exceeds the allowed maximum [10]',
  );
  const empty = { ErrorDetails: { DataType: 'String', StringValue: '' } };
  expect((await failure(send(sqs(), url, 'x', { MessageAttributes: empty }))).message).toBe(
    "Message (user) attribute 'ErrorDetails' must contain a non-empty value of type 'String'.",
  );
  const { a10: _, ...ten } = many;
  await send(sqs(), url, 'x', { MessageAttributes: ten });
  expect(await depth(sqs(), url)).toBe(1);
});
conforms(
  'SQS: a receive brings the message attributes that it asks for, by name or prefix, and none otherwise',
  { source: 'recorded' },
  async () => {
    const url = await createQueue(sqs(), 'asked', { VisibilityTimeout: '0' });
    const text = (StringValue: string) => ({ DataType: 'String', StringValue });
    const MessageAttributes = { Hello: text('There'), General: text('Kenobi'), 'Help.Me': text('Me') };
    await send(sqs(), url, 'msg', { MessageAttributes });
    const get = async (MessageAttributeNames?: string[]) => {
      const { Messages } = await sqs().send(new ReceiveMessageCommand({ QueueUrl: url, MessageAttributeNames }));
      const { MessageAttributes: got, MD5OfMessageAttributes: md5 } = Messages?.[0] ?? {};
      return [Object.keys(got ?? {}).toSorted(), md5];
    };
    expect(await get()).toEqual([[], undefined]);
    expect(await get(['All'])).toEqual([['General', 'Hello', 'Help.Me'], '4c360f3fdafd970e05fae2f149d997f5']);
    expect(await get(['Hello', 'Nobody'])).toEqual([['Hello'], 'a311262e065454b75da111d535b8dacd']);
    expect(await get(['Help.*', 'Hello'])).toEqual([['Hello', 'Help.Me'], '83fee93c1bcd8b9a5a923ffacdc636c7']);
  },
);

conforms('SQS: a delayed message comes when its delay is over; at most 15 minutes', { source: 'sqs-api' }, async () => {
  const url = await createQueue(sqs(), 'delay');
  const sentAt = Date.now();
  await send(sqs(), url, 'later', { DelaySeconds: 1 });
  expect(await attributes(sqs(), url)).toMatchObject({
    ApproximateNumberOfMessages: '0',
    ApproximateNumberOfMessagesDelayed: '1',
  });
  expect(bodies(await take(sqs(), url, 1))).toEqual(['later']);
  expect(Date.now() - sentAt).toBeGreaterThanOrEqual(1000);
  expect((await failure(send(sqs(), url, 'x', { DelaySeconds: 901 }))).message).toBe(
    'Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.',
  );
});
conforms("SQS: the queue's DelaySeconds holds for messages without their own", { source: 'sqs-api' }, async () => {
  const url = await createQueue(sqs(), 'queue-delay', { DelaySeconds: '600' });
  await send(sqs(), url, 'slow');
  await send(sqs(), url, 'fast', { DelaySeconds: 0 });
  expect(bodies(await receive(sqs(), url))).toEqual(['fast']);
  expect((await attributes(sqs(), url)).ApproximateNumberOfMessagesDelayed).toBe('1');
});
conforms(
  'SQS: a received message is hidden for its visibility timeout, then comes again with a higher receive count',
  { source: 'sqs-visibility' },
  async () => {
    const url = await createQueue(sqs(), 'visibility', { VisibilityTimeout: '4' });
    await send(sqs(), url, 'x');
    const [first] = await receive(sqs(), url);
    expect(await receive(sqs(), url)).toEqual([]);
    expect((await attributes(sqs(), url)).ApproximateNumberOfMessagesNotVisible).toBe('1');
    const [second] = await receive(sqs(), url, { wait: 20 });
    expect(second?.MessageId).toBe(first?.MessageId);
    expect(second?.ReceiptHandle).not.toBe(first?.ReceiptHandle);
    expect([first, second].map((one) => one?.Attributes?.ApproximateReceiveCount)).toEqual(['1', '2']);
    for (const name of ['SentTimestamp', 'ApproximateFirstReceiveTimestamp'] as const)
      expect(second?.Attributes?.[name]).toBe(first?.Attributes?.[name]);
  },
);
conforms('SQS: a visibility timeout of 0 brings a message back at once', { source: 'sqs-visibility' }, async () => {
  const url = await createQueue(sqs(), 'give-back');
  await send(sqs(), url, 'x');
  const [message] = await receive(sqs(), url);
  await changeVisibility(url, message, 0);
  expect(bodies(await receive(sqs(), url))).toEqual(['x']);
});
conforms(
  'SQS: a message is hidden for at most 12 hours from its receipt, however often that is changed',
  { source: 'sqs-visibility' },
  async () => {
    const url = await createQueue(sqs(), 'twelve-hours');
    await send(sqs(), url, 'x');
    const [message] = await receive(sqs(), url);
    expect((await failure(changeVisibility(url, message, 43_201))).message).toContain('Must be between 0 and 43200');
    await changeVisibility(url, message, 43_000);
    await until(
      'a second to pass',
      () => Date.now() - Number(message?.Attributes?.ApproximateFirstReceiveTimestamp) > 1100,
    );
    expect((await failure(changeVisibility(url, message, 43_200))).message).toContain(
      'Total VisibilityTimeout for the message is beyond the limit [43200 seconds]',
    );
  },
);
conforms('SQS: a receive brings 1 to 10 messages', { source: 'recorded' }, async () => {
  const url = await createQueue(sqs(), 'ten');
  await batch(url, entries(10));
  await send(sqs(), url, 'x');
  expect(await receive(sqs(), url, { max: 10 })).toHaveLength(10);
  expect((await failure(receive(sqs(), url, { max: 11 }))).message).toBe(
    'Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.',
  );
});
conforms('SQS: a long poll ends as soon as a message arrives', { source: 'sqs-api' }, async () => {
  const url = await createQueue(sqs(), 'long-poll');
  const waiting = receive(sqs(), url, { wait: 20 });
  await send(sqs(), url, 'here');
  expect(bodies(await waiting)).toEqual(['here']);
});
conforms('SQS: one message ends one long poll, the others wait on', { source: 'recorded' }, async () => {
  const url = await createQueue(sqs(), 'long-polls');
  const ended: (string | undefined)[][] = [];
  const polls = [1, 2, 3].map(() => receive(sqs(), url, { max: 1, wait: 20 }).then((got) => ended.push(bodies(got))));
  await send(sqs(), url, 'first');
  await Promise.race(polls);
  await send(sqs(), url, 'second');
  await send(sqs(), url, 'third');
  await Promise.all(polls);
  expect(ended.flat().sort()).toEqual(['first', 'second', 'third']);
  expect(ended).toHaveLength(3);
});
conforms('SQS: a long poll whose caller has gone takes nothing', { source: 'recorded' }, async () => {
  const url = await createQueue(sqs(), 'left');
  const leaving = new AbortController();
  const left = sqs().send(new ReceiveMessageCommand({ QueueUrl: url, WaitTimeSeconds: 20 }), {
    abortSignal: leaving.signal,
  });
  // Answered by the same engine after the poll has begun.
  await attributes(sqs(), url);
  leaving.abort();
  await failure(left);
  await attributes(sqs(), url);
  await send(sqs(), url, 'for somebody else');
  expect((await attributes(sqs(), url)).ApproximateNumberOfMessagesNotVisible).toBe('0');
  const [message] = await receive(sqs(), url);
  expect(message).toMatchObject({ Body: 'for somebody else', Attributes: { ApproximateReceiveCount: '1' } });
});
conforms(
  'SQS: a receipt handle deletes its message after the visibility timeout too, if nobody received it since',
  { source: 'sqs-visibility' },
  async () => {
    const url = await createQueue(sqs(), 'late', { VisibilityTimeout: '1' });
    await send(sqs(), url, 'done late');
    await send(sqs(), url, 'received again');
    const [first, second] = (await receive(sqs(), url)).toSorted((a, b) =>
      String(a.Body).localeCompare(String(b.Body)),
    );
    await until('both to be visible', async () => (await attributes(sqs(), url)).ApproximateNumberOfMessages === '2');
    await remove(url, first);
    expect(await depth(sqs(), url)).toBe(1);
    await receive(sqs(), url);
    await remove(url, second);
    expect(await depth(sqs(), url)).toBe(1);
  },
);
conforms('SQS: a receipt handle that was never one is ReceiptHandleIsInvalid', { source: 'sqs-api' }, async () => {
  const url = await createQueue(sqs(), 'handles');
  const error = await failure(remove(url, { ReceiptHandle: 'garbage' }));
  expect(error.name).toBe('ReceiptHandleIsInvalid');
});
conforms(
  'SQS: a purge removes every message, hidden and delayed ones included, once a minute',
  { source: 'recorded' },
  async () => {
    const url = await createQueue(sqs(), 'purge');
    await send(sqs(), url, 'hidden');
    await receive(sqs(), url);
    await send(sqs(), url, 'visible');
    await send(sqs(), url, 'delayed', { DelaySeconds: 600 });
    await sqs().send(new PurgeQueueCommand({ QueueUrl: url }));
    expect(await depth(sqs(), url)).toBe(0);
    const error = await failure(sqs().send(new PurgeQueueCommand({ QueueUrl: url })));
    expect(error).toMatchObject({ name: 'PurgeQueueInProgress', $metadata: { httpStatusCode: 403 } });
    expect(error.message).toBe('Only one PurgeQueue operation on purge is allowed every 60 seconds.');
  },
);
conforms('SQS: queue attributes have their ranges', { source: 'sqs-api' }, async () => {
  const url = await createQueue(sqs(), 'ranges');
  const bad: Readonly<Record<string, string>> = {
    VisibilityTimeout: '43201',
    DelaySeconds: '901',
    MessageRetentionPeriod: '59',
    MaximumMessageSize: '1023',
    ReceiveMessageWaitTimeSeconds: '21',
  };
  for (const [name, value] of Object.entries(bad)) {
    const change = sqs().send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { [name]: value } }));
    expect((await failure(change)).message).toContain(`Invalid value for the parameter ${name}`);
  }
});
conforms(
  'SQS: creating a queue again answers its URL, with other attributes QueueNameExists',
  { source: 'recorded' },
  async () => {
    const url = await createQueue(sqs(), 'twice', { DelaySeconds: '1' });
    expect(await createQueue(sqs(), 'twice', { DelaySeconds: '1' })).toBe(url);
    const error = await failure(createQueue(sqs(), 'twice', { DelaySeconds: '2' }));
    expect(error.message).toBe(
      'A queue already exists with the same name and a different value for attribute DelaySeconds',
    );
    expect([error.name, queryCode(error)]).toEqual(['QueueNameExists', 'QueueAlreadyExists']);
  },
);
conforms('SQS: a queue that is not there is QueueDoesNotExist', { source: 'recorded' }, async () => {
  const url = (await createQueue(sqs(), 'short-lived')) as string;
  await sqs().send(new DeleteQueueCommand({ QueueUrl: url }));
  const error = await failure(send(sqs(), url, 'x'));
  expect(error.message).toBe('The specified queue does not exist.');
  expect([error.name, queryCode(error)]).toEqual(['QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue']);
});
conforms(
  'SQS: GetQueueAttributes answers what was asked for, and nothing otherwise',
  { source: 'sqs-api' },
  async () => {
    const QueueUrl = await createQueue(sqs(), 'asked-attributes');
    const get = async (AttributeNames?: ['VisibilityTimeout']) =>
      (await sqs().send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }))).Attributes ?? {};
    expect(await get()).toEqual({});
    expect(await get(['VisibilityTimeout'])).toEqual({ VisibilityTimeout: '30' });
  },
);
conforms(
  'SQS: a standard queue takes a message group (fair queues)',
  { source: 'sqs-fair', faithful: 'partly', remark: 'The group is kept and shown; busy tenants are not held back.' },
  async () => {
    const url = await createQueue(sqs(), 'fair');
    await send(sqs(), url, 'x', { MessageGroupId: 'tenant-1' });
    const [message] = await receive(sqs(), url);
    expect(message?.Attributes?.MessageGroupId).toBe('tenant-1');
  },
);

/** A queue that gives up after a number of receives, and its dead-letter queue. */
async function withDeadLetters(name: string, maxReceiveCount: number | string, more: Record<string, string> = {}) {
  const fifo = name.endsWith('.fifo');
  const dead = await createQueue(sqs(), `dead-${name}`);
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: queueArn(dead), maxReceiveCount });
  const url = await createQueue(sqs(), name, { VisibilityTimeout: '0', RedrivePolicy, ...more });
  return { dead, url, fifo };
}
conforms(
  'SQS: a receive beyond maxReceiveCount moves the message to the dead-letter queue: same id, same time of sending',
  { source: 'sqs-dlq' },
  async () => {
    const { dead, url } = await withDeadLetters('source', 2);
    const messageId = await send(sqs(), url, 'poison');
    const [first] = await receive(sqs(), url);
    expect(bodies(await receive(sqs(), url))).toEqual(['poison']);
    expect(await receive(sqs(), url)).toEqual([]);
    const [letter] = await receive(sqs(), dead);
    expect(letter).toMatchObject({ MessageId: messageId, Body: 'poison' });
    expect(letter?.Attributes).toMatchObject({
      SentTimestamp: first?.Attributes?.SentTimestamp,
      DeadLetterQueueSourceArn: queueArn(url),
    });
  },
);
conforms('SQS: maxReceiveCount may be text', { source: 'recorded' }, async () => {
  const { dead, url } = await withDeadLetters('text-count', '1');
  await send(sqs(), url, 'x');
  await receive(sqs(), url);
  await receive(sqs(), url);
  expect(bodies(await receive(sqs(), dead))).toEqual(['x']);
});
conforms('SQS: a dead-letter queue is there, and of the type of its source', { source: 'sqs-dlq' }, async () => {
  const standard = await createQueue(sqs(), 'standard-dead');
  const policy = (arn: string) => ({ RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: 3 }) });
  const mixed = await failure(createQueue(sqs(), 'mixed.fifo', policy(queueArn(standard))));
  expect(mixed.message).toContain('Dead-letter queue must be same type of queue as the source');
  const missing = await failure(createQueue(sqs(), 'orphan', policy(queueArn('x/nowhere'))));
  expect(missing.message).toContain('Dead letter target does not exist');
});
conforms(
  'SQS: ListDeadLetterSourceQueues names the sources of a dead-letter queue',
  { source: 'sqs-api' },
  async () => {
    const { dead, url } = await withDeadLetters('listed', 3);
    const others = await withDeadLetters('listed-other', 3);
    const sourcesOf = async (QueueUrl: string) =>
      (await sqs().send(new ListDeadLetterSourceQueuesCommand({ QueueUrl }))).queueUrls;
    expect([await sourcesOf(dead), await sourcesOf(others.dead), await sourcesOf(url)]).toEqual([
      [url],
      [others.url],
      [],
    ]);
  },
);

conforms(
  'SQS FIFO: a receive brings several messages of a group, in order; the group then waits, others do not',
  { source: 'sqs-fifo' },
  async () => {
    const url = await createQueue(sqs(), 'groups.fifo');
    for (const body of ['a1', 'a2', 'a3', 'b1']) await sendFifo(sqs(), url, body.slice(0, 1), body);
    const first = await receive(sqs(), url, { max: 2 });
    expect(bodies(first)).toEqual(['a1', 'a2']);
    await sendFifo(sqs(), url, 'c', 'c1');
    expect(bodies(await receive(sqs(), url))).toEqual(['b1', 'c1']);
    for (const message of first) await remove(url, message);
    expect(bodies(await receive(sqs(), url))).toEqual(['a3']);
  },
);
conforms(
  'SQS FIFO: a receive takes a message once, with a visibility timeout of 0 too',
  { source: 'sqs-fifo' },
  async () => {
    const { dead, url } = await withDeadLetters('at-once.fifo', 1);
    for (const body of ['a1', 'a2']) await sendFifo(sqs(), url, 'a', body);
    expect(bodies(await receive(sqs(), url))).toEqual(['a1', 'a2']);
    expect(await depth(sqs(), dead)).toBe(0);
    expect(await receive(sqs(), url)).toEqual([]);
    expect(await depth(sqs(), dead)).toBe(2);
  },
);
conforms('SQS FIFO: what becomes visible again is first in its group again', { source: 'sqs-fifo' }, async () => {
  const url = await createQueue(sqs(), 'again.fifo');
  for (const body of ['a1', 'a2', 'a3']) await sendFifo(sqs(), url, 'a', body);
  for (const message of await receive(sqs(), url, { max: 2 })) await changeVisibility(url, message, 0);
  expect(bodies(await receive(sqs(), url))).toEqual(['a1', 'a2', 'a3']);
});
conforms(
  'SQS FIFO: a deduplication id is accepted once in 5 minutes, deleted or not; the answer is that of the first',
  { source: 'recorded' },
  async () => {
    const url = await createQueue(sqs(), 'dedup.fifo');
    const first = await sendFifo(sqs(), url, 'g', 'body', 'same');
    const [message] = await receive(sqs(), url);
    await remove(url, message);
    expect(await sendFifo(sqs(), url, 'g', 'another body', 'same')).toBe(first);
    expect(await sendFifo(sqs(), url, 'another group', 'body', 'same')).toBe(first);
    expect(await depth(sqs(), url)).toBe(0);
  },
);
conforms(
  'SQS FIFO: content-based deduplication goes by the body, not by the attributes',
  { source: 'sqs-fifo' },
  async () => {
    const url = await createQueue(sqs(), 'content.fifo', { ContentBasedDeduplication: 'true' });
    const put = (body: string, value: string) =>
      send(sqs(), url, body, {
        MessageGroupId: 'g',
        MessageAttributes: { a: { DataType: 'String', StringValue: value } },
      });
    expect(await put('same', '1')).toBe(await put('same', '2'));
    await put('other', '1');
    expect(await depth(sqs(), url)).toBe(2);
  },
);
conforms(
  'SQS FIFO: DeduplicationScope messageGroup deduplicates within each group',
  { source: 'sqs-fifo' },
  async () => {
    const url = await createQueue(sqs(), 'scope.fifo', {
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
    });
    for (const group of ['a', 'b', 'a']) await sendFifo(sqs(), url, group, group, 'same');
    expect(bodies(await receive(sqs(), url)).toSorted()).toEqual(['a', 'b']);
  },
);
conforms('SQS FIFO: a message needs a group and a deduplication id', { source: 'recorded' }, async () => {
  const url = await createQueue(sqs(), 'needs.fifo');
  expect((await failure(send(sqs(), url, 'x', { MessageDeduplicationId: 'd' }))).message).toContain(
    'The request must contain the parameter MessageGroupId.',
  );
  expect((await failure(send(sqs(), url, 'x', { MessageGroupId: 'g' }))).message).toContain(
    'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
  );
});
conforms('SQS FIFO: a batch with an entry without a group is refused as a whole', { source: 'recorded' }, async () => {
  const url = await createQueue(sqs(), 'batch.fifo', { ContentBasedDeduplication: 'true' });
  const error = await failure(
    batch(url, [
      { Id: 'a', MessageBody: 'a', MessageGroupId: 'g' },
      { Id: 'b', MessageBody: 'b' },
    ]),
  );
  expect(error.message).toBe('The request must contain the parameter MessageGroupId.');
  expect(await depth(sqs(), url)).toBe(0);
});
conforms('SQS FIFO: single messages cannot be delayed', { source: 'recorded' }, async () => {
  const url = await createQueue(sqs(), 'delay.fifo', { ContentBasedDeduplication: 'true' });
  expect((await failure(send(sqs(), url, 'x', { MessageGroupId: 'g', DelaySeconds: 2 }))).message).toBe(
    'Value 2 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.',
  );
});
conforms('SQS FIFO: sequence numbers are 20 digits and grow', { source: 'sqs-fifo' }, async () => {
  const url = await createQueue(sqs(), 'sequence.fifo');
  for (const body of ['1', '2', '3']) await sendFifo(sqs(), url, 'g', body);
  const numbers = (await receive(sqs(), url)).map((message) => String(message.Attributes?.SequenceNumber));
  for (const number of numbers) expect(number).toMatch(/^\d{20}$/);
  expect(numbers).toEqual(numbers.toSorted());
});
conforms('SQS FIFO: a receipt handle ends with its visibility timeout', { source: 'recorded' }, async () => {
  const url = await createQueue(sqs(), 'expired.fifo', { VisibilityTimeout: '1' });
  await sendFifo(sqs(), url, 'g', 'x');
  const [message] = await receive(sqs(), url);
  await until(
    'the visibility timeout to end',
    () => Date.now() > Number(message?.Attributes?.ApproximateFirstReceiveTimestamp) + 1100,
  );
  const error = await failure(remove(url, message));
  expect(error.message).toBe(
    `Value ${message?.ReceiptHandle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.`,
  );
});

const startTask = async (settings: {
  SourceArn: string;
  DestinationArn?: string;
  MaxNumberOfMessagesPerSecond?: number;
}) => (await sqs().send(new StartMessageMoveTaskCommand(settings))).TaskHandle;
const lastTask = async (SourceArn: string) =>
  (await sqs().send(new ListMessageMoveTasksCommand({ SourceArn }))).Results?.[0];
const taskIs = (arn: string, status: string) =>
  until(`the task to be ${status}`, async () => {
    const task = await lastTask(arn);
    return task?.Status === status && task;
  });
/** Makes dead letters of these bodies. */
async function deadLetters(name: string, texts: readonly string[]) {
  const { dead, url } = await withDeadLetters(name, 1);
  for (const text of texts)
    await send(sqs(), url, text, { MessageAttributes: { a: { DataType: 'String', StringValue: text } } });
  await until('the dead letters', async () => {
    await receive(sqs(), url);
    return (await depth(sqs(), dead)) === texts.length;
  });
  return { dead, url };
}
conforms(
  'SQS redrive: a move task brings dead letters back to their source as new messages: another id, no receives',
  { source: 'sqs-redrive' },
  async () => {
    const { dead, url } = await deadLetters('redriven', ['one', 'two']);
    const ids = (await receive(sqs(), dead, { visibility: 0 })).map(({ MessageId }) => MessageId);
    await startTask({ SourceArn: queueArn(dead) });
    const task = await taskIs(queueArn(dead), 'COMPLETED');
    expect(task).toMatchObject({
      SourceArn: queueArn(dead),
      ApproximateNumberOfMessagesMoved: 2,
      ApproximateNumberOfMessagesToMove: 2,
      StartedTimestamp: expect.any(Number),
    });
    expect(task).not.toHaveProperty('TaskHandle');
    expect(task.DestinationArn).toBeUndefined();
    const back = await receive(sqs(), url);
    expect(bodies(back).toSorted()).toEqual(['one', 'two']);
    for (const { MessageId, Attributes, Body, MessageAttributes } of back) {
      expect(ids).not.toContain(MessageId);
      expect(Attributes?.ApproximateReceiveCount).toBe('1');
      expect(MessageAttributes?.a?.StringValue).toBe(Body);
    }
  },
);
conforms('SQS redrive: a move task can have a destination of its own', { source: 'sqs-redrive' }, async () => {
  const { dead } = await deadLetters('elsewhere', ['x']);
  const other = await createQueue(sqs(), 'other-destination');
  await startTask({ SourceArn: queueArn(dead), DestinationArn: queueArn(other) });
  expect(bodies(await take(sqs(), other, 1))).toEqual(['x']);
  expect(await lastTask(queueArn(dead))).toMatchObject({ DestinationArn: queueArn(other), Status: 'COMPLETED' });
});
conforms(
  'SQS redrive: one task at a time for a queue, at the rate asked for, until it is cancelled',
  { source: 'recorded' },
  async () => {
    const { dead } = await deadLetters('cancelled', ['1', '2', '3', '4', '5']);
    const SourceArn = queueArn(dead);
    const TaskHandle = await startTask({ SourceArn, MaxNumberOfMessagesPerSecond: 1 });
    expect(await lastTask(SourceArn)).toMatchObject({
      Status: 'RUNNING',
      MaxNumberOfMessagesPerSecond: 1,
      ApproximateNumberOfMessagesToMove: 5,
      TaskHandle,
    });
    expect((await failure(startTask({ SourceArn }))).message).toBe(
      'There is already a task running. Only one active task is allowed for a source queue arn at a given time.',
    );
    const { ApproximateNumberOfMessagesMoved: moved = -1 } = await sqs().send(
      new CancelMessageMoveTaskCommand({ TaskHandle }),
    );
    expect(moved).toBeLessThan(5);
    expect(await lastTask(SourceArn)).toMatchObject({ Status: 'CANCELLED' });
    expect(await depth(sqs(), dead)).toBe(5 - moved);
  },
);
conforms('SQS redrive: a task fails when its destination is gone', { source: 'recorded' }, async () => {
  const { dead } = await deadLetters('destination-gone', ['1', '2', '3', '4', '5']);
  const other = await createQueue(sqs(), 'gone-destination');
  await startTask({ SourceArn: queueArn(dead), DestinationArn: queueArn(other), MaxNumberOfMessagesPerSecond: 1 });
  await sqs().send(new DeleteQueueCommand({ QueueUrl: other }));
  const task = await taskIs(queueArn(dead), 'FAILED');
  expect(task.FailureReason).toBe('AWS.SimpleQueueService.NonExistentQueue');
  expect(await depth(sqs(), dead)).toBe(5 - (task.ApproximateNumberOfMessagesMoved ?? 0));
});
conforms(
  'SQS redrive: the source is a dead-letter queue, the destination is there, the handle is one of a running task',
  { source: 'recorded' },
  async () => {
    const { dead, url } = await withDeadLetters('refusals', 3);
    expect((await failure(startTask({ SourceArn: queueArn(url) }))).message).toBe(
      'Source queue must be configured as a Dead Letter Queue.',
    );
    const nowhere = queueArn('x/nowhere');
    const missing = await failure(startTask({ SourceArn: queueArn(dead), DestinationArn: nowhere }));
    expect(missing).toMatchObject({ name: 'ResourceNotFoundException', $metadata: { httpStatusCode: 404 } });
    expect(missing.message).toBe("The resource that you specified for the DestinationArn parameter doesn't exist.");
    const cancel = async (TaskHandle: string) =>
      (await failure(sqs().send(new CancelMessageMoveTaskCommand({ TaskHandle })))).message;
    const handle = (sourceArn: string) => Buffer.from(JSON.stringify({ taskId: 'x', sourceArn })).toString('base64');
    expect(await cancel('foo')).toBe('Value for parameter TaskHandle is invalid.');
    expect(await cancel(handle(nowhere))).toBe(
      "The resource that you specified for the SourceArn parameter doesn't exist.",
    );
    expect(await cancel(handle(queueArn(dead)))).toBe('Task does not exist.');
  },
);
