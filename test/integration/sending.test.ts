import { createHash, randomBytes } from 'node:crypto';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { envelope } from '../../lib/contracts/events/envelope.ts';
import { lookAtDeadLetters } from '../../lib/operations/dead-letters/dead-letter-queue.ts';
import { readSamples } from '../../lib/operations/systems/samples.ts';
import { lambda, type Runtime } from '../../lib/runtime/invocation/runtime.ts';
import { occurred, outboxWriter } from '../../lib/runtime/outbox/outbox.ts';
import { publisher } from '../../lib/runtime/publishing/publish.ts';
import { orders } from '../../lib/systems/orders/tools/tools.ts';
import { eventually } from './orders-app.ts';
import { DocumentStored, Due, documentOutbox, Reading, readings, reminders } from './sending/contract.ts';
import { type SendingSystem, startSending } from './sending/system.ts';

let app: SendingSystem;
let runtime: Runtime;

beforeAll(async () => {
  // A minute of the schedules passes in a quarter of a second.
  app = await startSending(240);
  const env: Record<string, string> = {
    SLUICE_OUTBOX_TABLE: app.output('Outbox'),
    SLUICE_CLAIMS_BUCKET: app.output('Claims'),
    SLUICE_CHANNEL_READINGS: app.output('Readings'),
    SLUICE_CHANNEL_REMINDERS: app.output('Reminders'),
  };
  runtime = { ...lambda, env: (name) => env[name] };
}, 60_000);
afterAll(() => app?.close());

const hashOf = (lines: unknown): string => createHash('sha256').update(JSON.stringify(lines)).digest('hex');

describe('one handler', () => {
  const store = async (id: string, lines: Record<string, unknown>[]) => {
    const transact = outboxWriter(documentOutbox, runtime);
    await transact({ aggregate: id, after: 0, writes: [], events: [occurred(DocumentStored, { id, lines })] });
    return eventually(`document ${id}`, () => app.noted(`document/${id}`));
  };
  const claims = async () =>
    (await app.s3.send(new ListObjectsV2Command({ Bucket: app.output('Claims') }))).Contents ?? [];

  it('gets an order of 54 KB, compressed on its way', async () => {
    const order = readSamples(orders).toSorted((a, b) => b.lines.length - a.lines.length)[0];
    const lines = (order?.lines ?? []).map((line) => ({ ...line }));
    expect(JSON.stringify(lines).length).toBeGreaterThan(50_000);
    expect(await store('large', lines)).toMatchObject({ lines: 593, hash: hashOf(lines) });
    expect(await claims()).toEqual([]);
  });

  it('gets an order of 5 MB, by way of the bucket', async () => {
    const lines = Array.from({ length: 5_000 }, (_, i) => ({
      sku: `SKU-${i}`,
      description: randomBytes(750).toString('base64'),
    }));
    expect(JSON.stringify(lines).length).toBeGreaterThan(5_000_000);
    expect(await store('huge', lines)).toMatchObject({ lines: 5_000, hash: hashOf(lines) });
    expect(await claims()).toHaveLength(1);
    expect(await lookAtDeadLetters(app.sqs, app.output('DocumentsDeadLetters'))).toEqual([]);
  });
});

describe('work that is due later', () => {
  const timesOf = async (what: string) => (await app.allNoted(`due/${what}/`)).map(({ times }) => times);

  /** When what is due at last has been done, whatever was due before would have been, a second time too. */
  const doneThen = (what: string) => eventually(what, async () => (await timesOf(what)).length > 0);

  it('is done once, when it is due, however often it is asked for', async () => {
    const asked = await Promise.all([1, 2, 3].map(() => app.invoke('put-off', { key: 'tea', minutes: 30 })));
    expect(asked.toSorted()).toEqual(['already', 'already', 'scheduled']);
    expect(await app.invoke('put-off', { key: 'after-tea', minutes: 33 })).toBe('scheduled');
    expect(await timesOf('tea')).toEqual([]);
    await doneThen('after-tea');
    expect(await timesOf('tea')).toEqual([1]);
  });

  it('can be taken back', async () => {
    const request = { key: 'never', minutes: 20 };
    expect(await app.invoke('put-off', request)).toBe('scheduled');
    expect(await app.invoke('put-off', { ...request, cancel: true })).toBe(true);
    expect(await app.invoke('put-off', { ...request, cancel: true })).toBe(false);
    expect(await app.invoke('put-off', { key: 'after-never', minutes: 23 })).toBe('scheduled');
    await doneThen('after-never');
    expect(await timesOf('never')).toEqual([]);
  });

  it('waits in the queue when it is due soon', async () => {
    expect(await app.invoke('put-off', { key: 'soon', minutes: 5 })).toBe('delayed');
    const { Attributes } = await app.sqs.send(
      new GetQueueAttributesCommand({
        ...{ QueueUrl: app.output('Reminders'), AttributeNames: ['ApproximateNumberOfMessagesDelayed'] },
      }),
    );
    expect(Attributes).toEqual({ ApproximateNumberOfMessagesDelayed: '1' });
  });

  it('comes again and again, once for each due time', async () => {
    const found = await eventually('five times', async () => {
      const all = await app.allNoted('due/recurring/');
      return all.length >= 5 && all;
    });
    // The last two may still come again; two minutes later nothing does.
    const done = found.toSorted((a, b) => String(a.dueAt).localeCompare(String(b.dueAt))).slice(0, 3);
    expect(done.map(({ times }) => times)).toEqual([1, 1, 1]);
    for (const { pk, dueAt } of done) {
      expect(String(pk)).toBe(`due/recurring/every-minute@${dueAt}`);
      expect(dueAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    }
  });
});

describe('work that is due later, in order', () => {
  const idsOf = async (what: string) => ((await app.noted(`chores/${what}`))?.ids ?? []) as string[];

  it('is done in the order it is due, once, whatever the order it is asked for in', async () => {
    const minutes = [40, 20, 5, 20];
    expect(await app.invoke('put-off-chores', { what: 'wash', minutes })).toEqual([
      ...['scheduled', 'scheduled', 'scheduled'],
      'already',
    ]);
    // In order: what is due last comes after any that came twice.
    expect(await app.invoke('put-off-chores', { what: 'wash', minutes: [43] })).toEqual(['scheduled']);
    const done = await eventually('the last chore', async () => {
      const ids = await idsOf('wash');
      return ids.some((id) => id.startsWith('wash/43@')) && ids;
    });
    expect(done.map((id) => id.split('@')[0])).toEqual(['wash/5', 'wash/20', 'wash/40', 'wash/43']);
  });

  it('comes again and again, once for each due time', async () => {
    const done = await eventually('three times', async () => {
      const ids = await idsOf('sweep');
      return ids.length >= 3 && ids;
    });
    expect(new Set(done).size).toBe(done.length);
    expect(done.toSorted()).toEqual(done);
  });
});

describe('a tenant', () => {
  it('stays with its message, into the dead letters of a standard queue', async () => {
    const data = { what: 'rejected', fail: true };
    await publisher(reminders, {}, runtime)([envelope(Due, data, { id: 'r-1', source: '/test', time: new Date() })]);
    const letter = await eventually('a dead letter', async () => {
      const { Messages = [] } = await app.sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: app.output('RemindersDeadLetters'),
          MessageSystemAttributeNames: ['MessageGroupId'],
        }),
      );
      return Messages[0];
    });
    expect(letter.Attributes?.MessageGroupId).toBe('tenant-of-rejected');
  });
});

describe('readings in aggregated records', () => {
  const reading = (meter: string, value: number) =>
    envelope(Reading, { meter, value }, { id: `${meter}/${value}`, source: '/test', time: new Date() });

  it('are each counted once and in order, although a record came twice', async () => {
    const meters = ['m-1', 'm-2', 'm-3'];
    const events = Array.from({ length: 100 }, (_, i) => i + 1).flatMap((value) =>
      meters.map((meter) => reading(meter, value)),
    );
    const records: number[] = [];
    const counting: Runtime = {
      ...runtime,
      async aws(service, operation, input) {
        if (operation === 'PutRecords') records.push((input as { Records: unknown[] }).Records.length);
        return runtime.aws(service, operation, input);
      },
    };
    await publisher(readings, {}, counting)(events);
    expect(records.reduce((sum, count) => sum + count, 0)).toBeLessThan(60);
    // In order per key: behind the last reading nothing before it comes again.
    await publisher(readings, {}, counting)(meters.map((meter) => reading(meter, 101)));
    for (const meter of meters) {
      const item = await eventually(`${meter} read`, async () => {
        const found = await app.noted(`meter/${meter}`);
        return found?.newest === 101 && found;
      });
      expect(item).toMatchObject({ readings: 101, sum: 5_151 });
    }
    expect(await lookAtDeadLetters(app.sqs, app.output('ReadingsDeadLetters'))).toEqual([]);
  });

  it('do not suffer from a poisoned one in their record: it is dead-lettered once', async () => {
    await publisher(readings, {}, runtime)([1, 2, -3, 4, 5].map((value) => reading('m-4', value)));
    await publisher(readings, {}, runtime)([reading('m-4', 6)]);
    // Behind the last one, nothing of the record comes again; its dead letter went before the others were acknowledged.
    await eventually('the last', async () => (await app.noted('meter/m-4'))?.newest === 6);
    expect(await app.noted('meter/m-4')).toMatchObject({ readings: 5, sum: 18 });
    const letters = await lookAtDeadLetters(app.sqs, app.output('ReadingsDeadLetters'));
    expect(letters.map(({ letter }) => letter)).toMatchObject([{ reason: 'negative', eventId: 'm-4/-3' }]);
  });
});
