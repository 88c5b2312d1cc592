import { gunzipSync } from 'node:zlib';
import { DescribeStreamSummaryCommand, KinesisClient, ListStreamConsumersCommand } from '@aws-sdk/client-kinesis';
import {
  CreateEventSourceMappingCommand,
  type CreateEventSourceMappingCommandInput,
  DeleteEventSourceMappingCommand,
  InvokeCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
} from '@aws-sdk/client-lambda';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { ReceiveMessageCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Channel } from '../../lib/contracts/channels/channel.ts';
import { envelope } from '../../lib/contracts/events/envelope.ts';
import { dynamodb, lambda } from '../../lib/runtime/invocation/runtime.ts';
import { publisher } from '../../lib/runtime/publishing/publish.ts';
import { grantsOf } from './grants/grants.ts';
import { news, orderedNews, Sighting, sightings } from './history/contract.ts';
import { type History, startHistory } from './history/system.ts';
import { eventually } from './orders-app.ts';

interface ArchiveLine {
  readonly shard: string;
  readonly sequenceNumber: string;
  readonly event: { readonly id: string };
}

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

describe('an archive', () => {
  /** Lines of all objects, and their keys. */
  async function archived(): Promise<{ keys: string[]; lines: ArchiveLine[] }> {
    const s3 = new S3Client({});
    const Bucket = app.output('Archive');
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
    const keys = Contents.map(({ Key = '' }) => Key);
    const lines: ArchiveLine[] = [];
    for (const Key of keys) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      const text = gunzipSync((await Body?.transformToByteArray()) ?? new Uint8Array()).toString('utf8');
      lines.push(
        ...text
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as ArchiveLine),
      );
    }
    s3.destroy();
    return { keys, lines };
  }

  it('holds every record once, also when the function is killed between its object and its position, and when an answer is lost', async () => {
    const before = (await archived()).lines.length;
    const { faults } = app.engine.services;
    const functionName = 'history-keep-sightings';
    faults.add({ service: 's3', operation: 'PutObject', functionName, when: 'after', times: 3, action: 'kill' });
    faults.add({
      ...{ service: 'dynamodb', operation: 'TransactWriteItems', functionName, when: 'after', nth: 2 },
      action: 'lose-response',
    });
    const ids = Array.from({ length: 120 }, (_, i) => `kept-${i}`);
    for (let i = 0; i < ids.length; i += 15) {
      await send(
        sightings,
        'Sightings',
        ids.slice(i, i + 15).map((id, k) => sighting(id, `bird-${k % 7}`)),
      );
    }
    await eventually('all of them in the archive', async () => (await archived()).lines.length >= before + ids.length);
    faults.clear();
    const { keys, lines } = await archived();
    const kept = lines.map(({ event }) => event.id).filter((id) => id.startsWith('kept-'));
    expect(kept.toSorted()).toEqual(ids.toSorted());
    for (const key of keys)
      expect(key).toMatch(/^log=sightings\/day=\d{4}-\d\d-\d\d\/hour=\d\d\/shardId-\d{12}-\d+\.ndjson\.gz$/);
    const bySequence = Map.groupBy(lines, ({ shard, sequenceNumber }) => `${shard} ${sequenceNumber}`);
    expect(bySequence.size).toBe(lines.length);
  }, 60_000);

  /** What the engine's mapping asks for when it is made, and what the function does. */
  it('needs each of its grants', async () => {
    const { iam } = app.engine.services;
    const definition = app.engine.functions.find(({ name }) => name === 'history-keep-sightings');
    const { roleArn = '' } = definition ?? {};
    const client = new LambdaClient({});
    const FunctionName = 'history-keep-sightings';
    const { EventSourceMappings = [] } = await client.send(new ListEventSourceMappingsCommand({ FunctionName }));
    const { UUID: first, EventSourceArn, StartingPosition, DestinationConfig } = EventSourceMappings[0] ?? {};
    const remove = async (UUID: string | undefined) => {
      await client.send(new DeleteEventSourceMappingCommand({ UUID }));
      await eventually('the mapping gone', async () => {
        const left = await client.send(new ListEventSourceMappingsCommand({ FunctionName }));
        return left.EventSourceMappings?.length === 0;
      });
    };
    await remove(first);
    let count = 0;
    const archiveOnce = async (sequenceNumber: string, shard: string) => {
      const record = {
        eventID: `${shard}:${sequenceNumber}`,
        eventSource: 'aws:kinesis',
        eventSourceARN: EventSourceArn,
        kinesis: { data: 'e30=', partitionKey: 'x', sequenceNumber, approximateArrivalTimestamp: 1_763_625_600 },
      };
      const { Payload, FunctionError } = await client.send(
        new InvokeCommand({ FunctionName, Payload: JSON.stringify({ Records: [record] }) }),
      );
      return FunctionError === undefined ? '' : Buffer.from(Payload ?? []).toString();
    };
    /** A batch that is new, and one whose object is there while its position is not. */
    const tries = async (): Promise<string> => {
      const shard = `shardId-${String(++count).padStart(12, '9')}`;
      const first = await archiveOnce('7', shard);
      if (first !== '') return first;
      const Key = { pk: `keep-sightings@${shard}` };
      await dynamodb('DeleteItem', { TableName: app.output('Inbox'), Key });
      const again = await archiveOnce('7', shard);
      if (again !== '') return again;
      const wanted = { EventSourceArn, FunctionName, Enabled: false, StartingPosition };
      return client
        .send(
          new CreateEventSourceMappingCommand({ ...wanted, DestinationConfig } as CreateEventSourceMappingCommandInput),
        )
        .then(
          async ({ UUID }) => {
            await remove(UUID);
            return '';
          },
          (error: Error) => error.message,
        );
    };
    expect(await tries()).toBe('');
    const unshown: string[] = [];
    let refused: string[] = [];
    // Of a HEAD only the engine says what was refused: its answer has no body, here as on AWS.
    iam.onDenial(({ action }) => void refused.push(action));
    for (const { policyName, action, without } of grantsOf(iam.roles.of(roleArn))) {
      const complete = iam.roles.of(roleArn).get(policyName);
      iam.roles.put(roleArn, policyName, without);
      refused = [];
      const said = await tries();
      if (said === '' || !`${said} ${refused.join(' ')}`.includes(action)) unshown.push(action);
      if (complete !== undefined) iam.roles.put(roleArn, policyName, complete);
    }
    client.destroy();
    // What it could not log is lost without a word; the engine's mapping does not ask for the summary, as AWS documents it.
    expect(unshown.toSorted()).toEqual(['kinesis:DescribeStreamSummary', 'logs:CreateLogStream', 'logs:PutLogEvents']);
  }, 60_000);
});

it('a reader with a throughput of its own must be allowed to subscribe, and to read the stream', async () => {
  const { iam } = app.engine.services;
  const FunctionName = 'history-count-enhanced';
  const { roleArn = '' } = app.engine.functions.find(({ name }) => name === FunctionName) ?? {};
  const client = new LambdaClient({});
  const { EventSourceMappings = [] } = await client.send(new ListEventSourceMappingsCommand({ FunctionName }));
  const { UUID, EventSourceArn, StartingPosition } = EventSourceMappings[0] ?? {};
  await client.send(new DeleteEventSourceMappingCommand({ UUID }));
  await eventually('the mapping gone', async () => {
    const left = await client.send(new ListEventSourceMappingsCommand({ FunctionName }));
    return left.EventSourceMappings?.length === 0;
  });
  for (const { policyName, action, without } of grantsOf(iam.roles.of(roleArn))) {
    if (action !== 'kinesis:SubscribeToShard') continue;
    iam.roles.put(roleArn, policyName, without);
    const wanted = { EventSourceArn, FunctionName, StartingPosition } as CreateEventSourceMappingCommandInput;
    await expect(client.send(new CreateEventSourceMappingCommand(wanted))).rejects.toThrow(
      `must allow ${action} on ${EventSourceArn}`,
    );
  }
  client.destroy();
  expect(grantsOf(iam.roles.of(roleArn)).map(({ action }) => action)).not.toContain('kinesis:SubscribeToShard');
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
