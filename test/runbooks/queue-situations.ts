import { PutRecordCommand } from '@aws-sdk/client-kinesis';
import { PurgeQueueCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { expect } from 'vitest';
import { eventually } from '../integration/orders-app.ts';
import { changedTo, declareAnew, isIn } from './alarm-states.ts';
import type { TroubledApp } from './app.ts';
import type { Situations } from './situation.ts';
import {
  allCharged,
  charged,
  disableMapping,
  holds,
  mappingSetting,
  mend,
  messagesIn,
  placeOrder,
  placeOrders,
  REFUSED,
  refuse,
  sendGarbage,
  stopFunctions,
} from './trouble.ts';

const garbageOnLog = ({ clients, output }: TroubledApp) =>
  clients.kinesis.send(
    new PutRecordCommand({ StreamName: output('OrderLog'), Data: Buffer.from('no event'), PartitionKey: 'garbage' }),
  );

/** Troubles of queues and their consumers, and of the system as a whole. */
export const QUEUE_SITUATIONS: Situations = {
  README: { trouble: async () => {} },

  'queue-depth': {
    alarm: 'charge-card-queue-depth',
    async trouble(app) {
      await declareAnew(app, 'charge-card-queue-depth', 1);
      await disableMapping(app, 'charge-card');
      await placeOrders(app, 3);
      await holds(app, 'PaymentsQueue', 3);
    },
    after: {
      2: (_, printed) =>
        expect(printed).toMatch(/"ApproximateNumberOfMessages": "3"[\s\S]*charge-card-queue-depth[\s\S]*Disabled/),
      3: (_, printed) => expect(printed).toBe('null'),
      4: allCharged,
      5: (app) =>
        eventually('a concurrency of 40', async () => {
          const scaling = await mappingSetting(app, 'charge-card', 'ScalingConfig');
          return typeof scaling === 'object' && scaling.MaximumConcurrency === 40;
        }),
    },
  },

  'oldest-message': {
    alarm: 'charge-card-oldest-message',
    async trouble(app) {
      await declareAnew(app, 'charge-card-oldest-message', 0);
      await disableMapping(app, 'charge-card');
      await placeOrders(app, 1);
    },
    over: allCharged,
  },

  'dead-letters': {
    alarm: 'charge-card-dead-letters',
    async trouble(app) {
      await sendGarbage(app, 'PaymentsQueue');
      await holds(app, 'PaymentsDeadLetters', 1);
      refuse(app, 'charge-card', { service: 'dynamodb', operation: 'TransactWriteItems', error: REFUSED });
      await placeOrders(app, 1);
      await holds(app, 'PaymentsDeadLetters', 2);
      await garbageOnLog(app);
      await holds(app, 'SalesTotalsDeadLetters', 1);
      await sendGarbage(app, 'OutboxDeadLetters');
    },
    after: {
      2: (_, printed) => expect(printed).toMatch(/"broken-json"[\s\S]*"attempts-exhausted"/),
      3: (_, printed) => expect(printed).toContain('broken-json'),
      4: async (app) => {
        expect(await messagesIn(app, 'PaymentsDeadLetters')).toBe(1);
        mend(app);
      },
      5: allCharged,
      6: (_, printed) => expect(printed).toBe('nothing is parked'),
      7: (app, printed) => {
        expect(printed).toContain('SequenceNumber');
        // It is on the log again, and still wrong.
        return holds(app, 'SalesTotalsDeadLetters', 1);
      },
      8: (app) => holds(app, 'OutboxDeadLetters', 0),
    },
  },

  'dead-letters-failed': {
    alarm: 'charge-card-dead-letters-failed',
    async trouble(app) {
      refuse(app, 'charge-card', { service: 'sqs', operation: 'SendMessage', error: REFUSED });
      await sendGarbage(app, 'PaymentsQueue');
    },
    after: {
      2: (app, printed) => {
        expect(printed).toMatch(/it comes again/);
        mend(app);
      },
      3: (_, printed) => expect(printed).toContain('sqs:SendMessage'),
    },
  },

  undelivered: {
    alarm: 'charge-card-undelivered',
    async trouble(app) {
      const QueueUrl = app.output('PaymentsQueue');
      await app.clients.sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy: '' } }));
      await placeOrders(app, 2);
      await holds(app, 'PaymentsUndelivered', 2);
    },
    after: {
      2: (_, printed) => {
        expect(printed).toMatch(/"ApproximateNumberOfMessages": "2"/);
        // A policy that was emptied is none: SQS does not name it.
        expect(printed).not.toContain('"Policy"');
      },
      3: async (app) => {
        const later = await placeOrder(app);
        await charged(app, later);
      },
      4: allCharged,
    },
  },

  'error-rate': {
    alarm: 'charge-card-error-rate',
    async trouble(app) {
      await declareAnew(app, 'charge-card-error-rate');
      refuse(app, 'charge-card', { service: 'dynamodb', operation: 'TransactWriteItems', error: REFUSED, times: 2 });
      await placeOrders(app, 1);
    },
    after: {
      2: (_, printed) => expect(printed).toContain('will be tried again'),
      3: async (app) => expect(await mappingSetting(app, 'charge-card', 'State')).not.toBe('Enabled'),
      4: allCharged,
    },
  },

  throttles: {
    alarm: 'charge-card-throttles',
    async trouble(app) {
      await declareAnew(app, 'charge-card-throttles');
      await stopFunctions(app, 'charge-card');
      await placeOrders(app, 1);
    },
    after: { 2: (_, printed) => expect(printed).toContain('"ReservedConcurrentExecutions": 0') },
    over: allCharged,
  },

  'received-drop': {
    async trouble(app) {
      // One message a minute is enough for this one.
      await declareAnew(app, 'charge-card-received-drop', 99.95);
      await disableMapping(app, 'charge-card');
      await placeOrders(app, 1);
      await changedTo(app, 'charge-card-received-drop', 'ALARM');
    },
    after: {
      2: (_, printed) => expect(printed).toContain('Disabled'),
      4: async (app) => {
        await allCharged(app);
        await changedTo(app, 'charge-card-received-drop', 'OK');
      },
    },
  },

  unhealthy: {
    alarm: 'unhealthy',
    async trouble(app) {
      await sendGarbage(app, 'PaymentsQueue');
      await isIn(app, 'charge-card-dead-letters', 'ALARM');
    },
    after: {
      2: (app, printed) =>
        expect(printed).toMatch(
          new RegExp(`${app.stackName}-charge-card-dead-letters[\\s\\S]*docs/runbooks/dead-letters`),
        ),
    },
    over: (app) => app.clients.sqs.send(new PurgeQueueCommand({ QueueUrl: app.output('PaymentsDeadLetters') })),
  },
};
