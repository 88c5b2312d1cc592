import { DescribeStreamSummaryCommand, KinesisClient, ListStreamConsumersCommand } from '@aws-sdk/client-kinesis';
import { LambdaClient, ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda';
import { ReceiveMessageCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Channel } from '../../lib/contracts/channel.ts';
import { envelope } from '../../lib/contracts/envelope.ts';
import { publisher } from '../../lib/runtime/publish.ts';
import { lambda } from '../../lib/runtime/runtime.ts';
import { news, orderedNews, Sighting, sightings } from './history/contract.ts';
import { type History, startHistory } from './history/system.ts';
import { eventually } from './orders-app.ts';

let app: History;

beforeAll(async () => {
  app = await startHistory();
}, 60_000);
afterAll(() => app?.close());

const sighting = (id: string, bird = 'robin', count = 1, country = 'France') =>
  envelope(Sighting, { bird, count, place: { country } }, { id, source: '/test', time: new Date() });

const send = (channel: Channel, output: string, events: readonly ReturnType<typeof sighting>[]) =>
  publisher(channel, { address: app.output(output) }, lambda)(events);

describe('a log on demand', () => {
  it('is deployed as declared', async () => {
    const kinesis = new KinesisClient({});
    const StreamName = app.output('Sightings');
    const { StreamDescriptionSummary } = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName }));
    kinesis.destroy();
    expect(StreamDescriptionSummary).toMatchObject({
      StreamModeDetails: { StreamMode: 'ON_DEMAND' },
      RetentionPeriodHours: 8_760,
      OpenShardCount: 4,
      EnhancedMonitoring: [{ ShardLevelMetrics: ['IncomingBytes', 'IncomingRecords'] }],
    });
  });

  it('is read by a reader that shares and by one with a throughput of its own, each at its own position', async () => {
    const kinesis = new KinesisClient({});
    const StreamARN = `arn:aws:kinesis:us-east-1:000000000000:stream/${app.output('Sightings')}`;
    const { Consumers } = await kinesis.send(new ListStreamConsumersCommand({ StreamARN }));
    kinesis.destroy();
    expect(Consumers?.map(({ ConsumerName }) => ConsumerName)).toEqual(['history-count-enhanced']);
    const client = new LambdaClient({});
    const { EventSourceMappings = [] } = await client.send(
      new ListEventSourceMappingsCommand({ FunctionName: 'history-count-enhanced' }),
    );
    client.destroy();
    expect(EventSourceMappings.map(({ EventSourceArn }) => EventSourceArn)).toEqual([Consumers?.[0]?.ConsumerARN]);

    const ids = Array.from({ length: 40 }, (_, i) => `s-${i}`);
    await send(
      sightings,
      'Sightings',
      ids.map((id, i) => sighting(id, `bird-${i % 7}`)),
    );
    for (const reader of ['count-shared', 'count-enhanced']) {
      await eventually(`all events at ${reader}`, () => app.noted(reader).length === ids.length);
      expect(app.noted(reader).toSorted()).toEqual(ids.toSorted());
    }
  });
});

describe('a topic', () => {
  it('delivers to a queue what its filter lets through, by data and entity', async () => {
    await send(news, 'News', [
      sighting('wrong-bird', 'robin', 2),
      sighting('wrong-count', 'great-tit', 1),
      sighting('wrong-country', 'great-tit', 2, 'Spain'),
      sighting('right', 'great-tit', 2),
    ]);
    await eventually('the one that fits', () => app.noted('read-french').length > 0);
    expect(app.noted('read-french')).toEqual(['right']);
  });

  it('of ordered messages keeps what it cannot deliver to a standard queue, in order, with its group', async () => {
    const sqs = new SQSClient({});
    await send(orderedNews, 'OrderedNews', [sighting('delivered')]);
    await eventually('delivered', () => app.noted('read-any').length === 1);
    const [QueueUrl, undelivered] = [app.output('AnyNews'), app.output('AnyNewsUndelivered')];
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy: '' } }));
    const lost = ['lost-1', 'lost-2', 'lost-3'];
    await send(
      orderedNews,
      'OrderedNews',
      lost.map((id) => sighting(id)),
    );
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: undelivered,
        MaxNumberOfMessages: 10,
        MessageSystemAttributeNames: ['MessageGroupId'],
      }),
    );
    sqs.destroy();
    expect(Messages.map(({ Body = '' }) => (JSON.parse(Body) as { id: string }).id)).toEqual(lost);
    expect(Messages.map(({ Attributes }) => Attributes?.MessageGroupId)).toEqual(['robin', 'robin', 'robin']);
    expect(app.noted('read-any')).toEqual(['delivered']);
  });
});
