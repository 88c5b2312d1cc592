import { PutRecordCommand, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { envelope } from '../../../lib/contracts/events/envelope.ts';
import { Parcel } from './contract.ts';
import { datapoints, type Incident, metricsOf, type Scene } from './incident.ts';
import { purge, switchMapping } from './levers.ts';
import { STACK, type Watched } from './system.ts';

const TEN_MINUTES_MS = 600_000;
/** A transaction that takes so long leaves far more behind than it takes in. */
const SLOW_MS = 500;
const MANY = 100;

let parcels = 0;
const parcel = (time = new Date()) => {
  parcels += 1;
  return envelope(Parcel, { parcel: `p-${parcels}` }, { id: `p-${parcels}`, source: '/test', time });
};

/** Trouble of the parcels, real where seconds are enough. What the orders show for real is not shown again. */
export function parcelIncidents(app: Watched, scene: Scene): Incident[] {
  const { lambda } = scene;
  const { kinesis } = app;
  const fill = datapoints(app.engine);
  const { faults } = app.engine.services;

  const send = () =>
    app.sqs.send(new SendMessageCommand({ QueueUrl: app.output('Queue'), MessageBody: JSON.stringify(parcel()) }));
  const write = (time?: Date) =>
    kinesis.send(
      new PutRecordCommand({
        StreamName: app.output('Log'),
        Data: Buffer.from(JSON.stringify(parcel(time))),
        PartitionKey: 'one',
      }),
    );
  const writeMany = () =>
    kinesis.send(
      new PutRecordsCommand({
        StreamName: app.output('Log'),
        Records: Array.from({ length: MANY }, () => ({
          Data: Buffer.from(JSON.stringify(parcel())),
          PartitionKey: 'one',
        })),
      }),
    );
  const forget = () => purge(app.sqs, app.output('CountDeadLetters'));

  const feed = (name: string, enabled: boolean) => switchMapping(lambda, `${STACK}-${name}`, enabled);

  const hot = ['count-parcels-hot-shard'];
  return [
    {
      what: 'nobody sends parcels',
      alarms: ['weigh-parcel-received-drop'],
      async health() {
        await app.dynamodb.send(new PutCommand({ TableName: app.output('Scales'), Item: { pk: 'mended' } }));
        for (let i = 0; i < 5; i++) await send();
      },
    },
    {
      what: 'the consumer of the queue is stopped',
      alarms: ['weigh-parcel-queue-depth', 'weigh-parcel-oldest-message'],
      begin: () => feed('weigh-parcel', false),
      goOn: send,
      end: () => feed('weigh-parcel', true),
    },
    {
      what: 'calls take the concurrency that the function reserves',
      alarms: ['count-parcels-throttles'],
      async goOn() {
        const Payload = JSON.stringify({ Records: [] });
        const call = new InvokeCommand({ FunctionName: `${STACK}-count-parcels`, Payload });
        await Promise.allSettled(Array.from({ length: 20 }, () => lambda.send(call)));
      },
    },
    {
      what: 'nobody reads the log',
      alarms: ['count-parcels-catch-up'],
      begin: () => feed('count-parcels', false),
      goOn: () => write(),
      end: () => feed('count-parcels', true),
    },
    {
      what: 'the reader of the log is slow',
      alarms: ['count-parcels-iterator-age', 'count-parcels-log-lag-messages'],
      begin: () =>
        faults.add({
          ...{ service: 'dynamodb', operation: 'TransactWriteItems', functionName: `${STACK}-count-parcels` },
          ...{ when: 'before', action: 'latency', ms: SLOW_MS, times: 10_000 },
        }),
      goOn: () => writeMany(),
      end: () => faults.clear(),
    },
    {
      what: 'parcels come ten minutes late',
      alarms: ['count-parcels-late-dropped', 'count-parcels-dead-letters'],
      async goOn() {
        await write();
        await write(new Date(Date.now() - TEN_MINUTES_MS));
      },
      // What is on its way is given up after the first time.
      health: forget,
    },
    {
      what: 'one shard lags',
      alarms: hot,
      standsInBecause: 'a shard is hot from a minute of lag, and lag is not scaled',
      goOn: () =>
        fill(
          hot.flatMap((name) => metricsOf(scene.alarms.get(name))),
          { ShardLag: [200, 120_000] },
        ),
    },
  ];
}
