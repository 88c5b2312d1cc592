import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { membersOf } from '../../../lib/formats/xml.ts';
import { createAwsCalls } from '../../../lib/local/call.ts';
import type { JsonObject } from '../../../lib/local/json.ts';
import { queue, REGION, start, writeAssembly } from './support.ts';

/** A service that answers everything with one text. */
async function answering(status: number, text: string) {
  const server = createServer((_, response) => response.writeHead(status, { 'content-type': 'text/xml' }).end(text));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const calls = createAwsCalls(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, REGION);
  onTestFinished(() => {
    calls.close();
    server.close();
  });
  return calls;
}

test.each([
  [
    'one line',
    '<ErrorResponse><Error><Code>NotFound</Code><Message>a &lt;b&gt; &quot;c&quot;</Message></Error></ErrorResponse>',
  ],
  [
    'spaces',
    '<ErrorResponse xmlns="x">\n <Error>\n  <Code>NotFound</Code >\n  <Message >a &lt;b&gt; "c"</Message>\n </Error>\n</ErrorResponse>',
  ],
  ['of S3', '<?xml version="1.0"?>\n<Error><Code>NotFound</Code><Message><![CDATA[a <b> "c"]]></Message></Error>'],
])('an error in XML is read as what it says: %s', async (_, text) => {
  const calls = await answering(404, text);
  await expect(calls.query('sns', 'Publish', '2010-03-31', {})).rejects.toMatchObject({
    ...{ code: 'NotFound', status: 404, message: 'sns Publish: NotFound: a <b> "c"' },
  });
});

test('an answer that is no error of a service is told as it is', async () => {
  const calls = await answering(502, '<html>no <Code>such</Code> thing');
  await expect(calls.query('sns', 'Publish', '2010-03-31', {})).rejects.toMatchObject({
    ...{ code: 'HTTP 502', message: 'sns Publish: HTTP 502: <html>no <Code>such</Code> thing' },
  });
});

test('a bucket is emptied whatever its keys are', async () => {
  const Bucket = { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'nasty' } };
  const Empty = {
    Type: 'Custom::S3AutoDeleteObjects',
    Properties: { ServiceToken: 'x', BucketName: { Ref: 'Bucket' } },
  };
  const { engine, calls } = await start(writeAssembly({ Bucket, Empty, ...queue('Other') }));
  const keys = ['plain', 'a/b c', '&lt;', 'a&amp;<Key>b</Key>', '100 %', 'ä', 'a+b?c#d'];
  for (const key of keys)
    await calls.rest('s3', 'PUT', `/nasty/${key.split('/').map(encodeURIComponent).join('/')}`, 'x');
  await engine.deploy(writeAssembly(queue('Other')));
  await expect(calls.rest('s3', 'GET', '/nasty?list-type=2')).rejects.toMatchObject({ code: 'NoSuchBucket' });
});

test('a subscription in the properties of a topic goes with them, and no other', async () => {
  const topic = (...subscribers: string[]): JsonObject => ({
    Topic: {
      Type: 'AWS::SNS::Topic',
      Properties: {
        TopicName: 'topic',
        Subscription: subscribers.map((id) => ({ Protocol: 'sqs', Endpoint: { 'Fn::GetAtt': [id, 'Arn'] } })),
      },
    },
  });
  const queues = { ...queue('Work', { QueueName: 'work' }), ...queue('More', { QueueName: 'work-more' }) };
  const { engine, calls, physical } = await start(writeAssembly({ ...queues, ...topic('Work', 'More') }));
  await engine.deploy(writeAssembly({ ...queues, ...topic('More') }));
  const answer = await calls.query('sns', 'ListSubscriptionsByTopic', '2010-03-31', { TopicArn: physical('Topic') });
  const endpoints = membersOf(answer, 'Subscriptions').map(({ Endpoint = '' }) => Endpoint.split(':').at(-1));
  expect(endpoints).toEqual(['work-more']);
});
