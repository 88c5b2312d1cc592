import { randomBytes } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ENV } from '../../../lib/contracts/agreed/environment.ts';
import { immediate } from '../../../lib/contracts/declaring/retry.ts';
import { subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import { AwsError } from '../../../lib/runtime/aws/calls/call.ts';
import { consume } from '../../../lib/runtime/consuming/consume.ts';
import type { Resumed } from '../../../lib/runtime/consuming/resume-request.ts';
import { type Parking, tableParking } from '../../../lib/runtime/dead-letters/parking.ts';
import { Reject } from '../../../lib/runtime/invocation/outcomes.ts';
import { lambda, type Runtime } from '../../../lib/runtime/invocation/runtime.ts';
import type { Message } from '../../../lib/runtime/messages/message.ts';
import { opened, orderedQueue } from '../../contracts/sample-declarations.ts';
import { lambdaContext } from '../lambda-events.ts';
import { createInboxTable, itemsOf, useLocalServices } from '../local-services.ts';
import { type MemoryS3, memoryS3 } from '../memory-s3.ts';

useLocalServices();

const TABLE = 'resuming';
/** The bucket of what no item holds. */
let kept: { readonly s3: MemoryS3; readonly bucket: string } | undefined;
let count = 0;
let name: string;
let parking: Parking;
let handled: string[];
let failing: Set<string>;
/** Happens before a request. */
let sleep: Runtime['sleep'];
let random: Runtime['random'];
let before: (operation: string, input: object) => Promise<void>;

beforeAll(() => createInboxTable(TABLE));
beforeEach(() => {
  count += 1;
  name = `worker-${count}`;
  parking = tableParking(TABLE, { name }, lambda);
  handled = [];
  kept = undefined;
  failing = new Set();
  before = async () => undefined;
  sleep = lambda.sleep;
  random = lambda.random;
});

const message = (id: string): Message => ({
  ...{ id, body: JSON.stringify(opened('T-1', id)), unit: 'K', source: 'test', receives: 1, firstReceived: 0 },
  attributes: {},
});

/** Resumes as a function does. @param remaining milliseconds it has left, asked before every message */
function resume(key: string, remaining: () => number = () => 30_000): Promise<Resumed> {
  const variables: Record<string, string> = {
    [ENV.inboxTable]: TABLE,
    [ENV.deadLetterQueue]: 'none',
    [ENV.queue]: 'none',
    ...(kept === undefined ? {} : { [ENV.deadLetterBucket]: kept.bucket }),
  };
  const runtime: Runtime = {
    ...lambda,
    env: (variable) => variables[variable],
    write: () => undefined,
    sleep: (wait) => sleep(wait),
    random: () => random(),
    aws: async (service, operation, input) => {
      await before(operation, input);
      if (service === 's3' && kept !== undefined) return kept.s3.runtime.aws(service, operation, input);
      return lambda.aws(service, operation, input);
    },
  };
  const worker = subscription(name, {
    ...{ to: orderedQueue, failedKey: 'park', guarantee: 'effectively-once' },
    retry: immediate({ attempts: 2 }),
  });
  const handle = async (_: unknown, { event }: { event: { id: string } }) => {
    if (failing.has(event.id)) throw new Reject('broken', `${event.id} is broken`);
    if (failing.has(`flaky ${event.id}`)) throw new Error(`${event.id} is late`);
    handled.push(event.id);
    return [];
  };
  const handler = consume(worker, { 'tickets.ticket-opened': handle, 'tickets.ticket-closed': handle }, { runtime });
  return handler({ resume: { key } }, lambdaContext(remaining)) as Promise<Resumed>;
}

const left = async () =>
  (await itemsOf(TABLE)).filter(({ pk }) => String(pk).startsWith(`parked!${name}`)).map(({ pk }) => pk);

describe('a parked key that is resumed', () => {
  /** A bucket, and parked messages that lie in it. */
  async function inBucket(...messages: readonly Message[]): Promise<MemoryS3> {
    const s3 = memoryS3();
    const env = (variable: string) => (variable === ENV.deadLetterBucket ? 'bodies' : undefined);
    const runtime: Runtime = {
      ...lambda,
      env,
      aws: (service, ...call) => (service === 's3' ? s3.runtime.aws(service, ...call) : lambda.aws(service, ...call)),
    };
    const into = tableParking(TABLE, { name }, runtime);
    for (const one of messages) await into.park('K', one, 'broken');
    kept = { s3, bucket: 'bodies' };
    return s3;
  }
  const LARGE = JSON.stringify(opened('T-1', 'e-1', randomBytes(400_000).toString('base64')));
  const large = (id: string): Message => ({ ...message(id), body: LARGE });

  it('gives back what no item holds, and leaves no object behind', async () => {
    const s3 = await inBucket(large('m-1'), {
      ...message('m-2'),
      body: 'caf\uFFFD',
      bytes: Buffer.from('caf\xe9', 'latin1'),
    });
    expect([...s3.objects.keys()]).toEqual([
      expect.stringMatching(/^bodies\/parked\/worker-\d+\/[0-9a-f]{64}-[0-9a-f]{32}$/),
    ]);
    expect(await resume('K')).toMatchObject({ resumed: 1, failed: { number: 2, reason: 'broken-json' } });
    expect(handled).toEqual(['e-1']);
    expect(s3.objects.size).toBe(0);
  });

  it('has an object for each large message, also of the same contents, or delivered again', async () => {
    const s3 = await inBucket(large('m-1'), large('m-2'), large('m-1'));
    expect(s3.objects.size).toBe(3);
    expect(await resume('K')).toEqual({ resumed: 3, released: true });
    expect(s3.objects.size).toBe(0);
  });

  it('is handled in the order it came, and nothing of it is left', async () => {
    await parking.park('K', message('1'), 'broken');
    for (const id of ['2', '3']) await parking.park('K', message(id));
    expect(await resume('K')).toEqual({ resumed: 3, released: true });
    expect(handled).toEqual(['1', '2', '3']);
    expect(await left()).toEqual([`parked!${name}`]);
    await expect(resume('K')).rejects.toThrow(`nothing is parked under key 'K' of subscription '${name}'`);
  });

  it.each(['GetItem', 'TransactWriteItems', 'BatchGetItem'])(
    'has not failed when %s finds the table busy to the end: it goes on from there',
    async (operation) => {
      await parking.park('K', message('1'), 'broken');
      await parking.park('K', message('2'));
      let remaining = 30_000;
      random = () => 0.5;
      sleep = async (wait) => {
        remaining -= wait;
      };
      before = async (called) => {
        if (called === operation) throw new AwsError('ThrottlingException', 'slow down', 400);
      };
      expect(await resume('K', () => remaining)).toEqual({ resumed: 0, released: false, busy: 'slow down' });
      expect(remaining).toBeLessThan(28_000);
      expect(remaining).toBeGreaterThan(2_250);
      before = async () => undefined;
      expect(await resume('K')).toEqual({ resumed: 2, released: true });
      expect(handled.slice(-2)).toEqual(['1', '2']);
    },
  );

  it('stops at the message that still fails, notes why, and goes on from there', async () => {
    await parking.park('K', message('1'), 'poison');
    for (const id of ['2', '3']) await parking.park('K', message(id));
    failing.add('2');
    expect(await resume('K')).toEqual({
      ...{ resumed: 1, released: false },
      failed: { number: 2, reason: 'broken', message: '2 is broken' },
    });
    const row = (await itemsOf(TABLE)).find(({ pk }) => pk === `parked!${name}!2!K`);
    expect(row).toMatchObject({ number: 2, messageId: '2', reason: 'broken', body: expect.any(String) });
    failing.clear();
    expect(await resume('K')).toEqual({ resumed: 2, released: true });
    expect(handled).toEqual(['1', '2', '3']);
  });

  it('passes over what was done before it was parked', async () => {
    await parking.park('K', message('m-1'), 'broken');
    await resume('K');
    await parking.park('K', message('m-1'), 'broken');
    await parking.park('K', message('m-2'));
    expect(await resume('K')).toEqual({ resumed: 2, released: true });
    expect(handled).toEqual(['m-1', 'm-1', 'm-2']);
  });

  it('stops at a failure that is no rejection, and says what it was', async () => {
    await parking.park('K', message('m-1'), 'broken');
    const { body: _, ...rest } = message('m-2');
    await parking.park('K', { ...rest, body: JSON.stringify({ ...opened('T-1', 'm-2'), type: 'tickets.unknown' }) });
    expect(await resume('K')).toMatchObject({
      resumed: 1,
      released: false,
      failed: { number: 2, reason: 'unknown-type', message: expect.stringContaining('is not consumed here') },
    });
  });

  it('stops at an attempt that failed, and says so', async () => {
    await parking.park('K', message('m-1'), 'broken');
    failing.add('flaky m-1');
    const failed = { number: 1, reason: 'retry', message: 'm-1 is late' };
    expect(await resume('K')).toEqual({ resumed: 0, released: false, failed });
    const row = (await itemsOf(TABLE)).find(({ pk }) => pk === `parked!${name}!1!K`);
    expect(row).toMatchObject({ reason: 'retry' });
  });

  it('notes no reason for a message that another resumption has done meanwhile', async () => {
    await parking.park('K', message('m-1'), 'broken');
    failing.add('m-1');
    before = async (operation, input) => {
      if (operation !== 'UpdateItem' || !JSON.stringify(input).includes('SET reason')) return;
      before = async () => undefined;
      failing.clear();
      await resume('K');
    };
    expect(await resume('K')).toMatchObject({ resumed: 0, failed: { number: 1, reason: 'broken' } });
    expect(await left()).toEqual([`parked!${name}`]);
  });

  it('fails when the reason cannot be noted', async () => {
    await parking.park('K', message('m-1'), 'broken');
    failing.add('m-1');
    before = async (operation) => {
      if (operation === 'UpdateItem') throw new Error('no answer');
    };
    await expect(resume('K')).rejects.toThrow('no answer');
  });

  it('goes on with what is parked behind while it is being released', async () => {
    await parking.park('K', message('m-1'), 'broken');
    let late = true;
    before = async (operation, input) => {
      const releases = operation === 'TransactWriteItems' && JSON.stringify(input).includes('DELETE #keys');
      if (!releases || !late) return;
      late = false;
      await parking.park('K', message('m-2'));
    };
    expect(await resume('K')).toEqual({ resumed: 2, released: true });
    expect(handled).toEqual(['m-1', 'm-2']);
  });

  it('goes on where another resumption, which had no more time, has left off meanwhile', async () => {
    for (const id of ['m-1', 'm-2', 'm-3']) await parking.park('K', message(id), 'broken');
    let first = true;
    before = async (operation, input) => {
      if (operation !== 'GetItem' || !JSON.stringify(input).includes(`!1!K`) || !first) return;
      first = false;
      const other = await resume('K', () => (handled.length === 0 ? 30_000 : 0));
      expect(other).toEqual({ resumed: 1, released: false });
    };
    expect(await resume('K')).toEqual({ resumed: 2, released: true });
    expect(handled).toEqual(['m-1', 'm-2', 'm-3']);
    expect(await left()).toEqual([`parked!${name}`]);
  });

  it('handles nothing again when another resumption has done all of it meanwhile, and says that nothing is parked', async () => {
    for (const id of ['m-1', 'm-2']) await parking.park('K', message(id), 'broken');
    let first = true;
    before = async (operation, input) => {
      if (operation !== 'GetItem' || !JSON.stringify(input).includes(`!1!K`) || !first) return;
      first = false;
      await resume('K');
    };
    await expect(resume('K')).rejects.toThrow("nothing is parked under key 'K'");
    expect(handled).toEqual(['m-1', 'm-2']);
    expect(await left()).toEqual([`parked!${name}`]);
  });

  it('of two resumptions the slower counts nothing, goes on with the rest, and neither spins nor leaves the key parked', async () => {
    for (const id of ['m-1', 'm-2', 'm-3']) await parking.park('K', message(id), 'broken');
    let requests = 0;
    let first = true;
    before = async (operation, input) => {
      requests += 1;
      // The slower has done the first message and is about to say so, when the faster one does it, and the next.
      if (operation !== 'TransactWriteItems' || !JSON.stringify(input).includes('SET resumed') || !first) return;
      first = false;
      let asked = 0;
      await resume('K', () => (handled.length < 3 && asked++ < 9 ? 30_000 : 0));
    };
    expect(await resume('K')).toEqual({ resumed: 1, released: true });
    expect(handled).toEqual(['m-1', 'm-2', 'm-3'].flatMap((id) => (id === 'm-1' ? [id, id] : [id])));
    expect(requests).toBeLessThan(60);
    expect(await left()).toEqual([`parked!${name}`]);
  });

  describe('while another resumption of it does all the rest', () => {
    const IDS = ['m-1', 'm-2', 'm-3'];
    /** What came of a resumption, and its requests. @param meanwhile happens before each of them */
    async function requestsOf(meanwhile: (request: number) => Promise<void>) {
      for (const id of IDS) await parking.park('K', message(id), 'broken');
      let requests = 0;
      let within = false;
      before = async () => {
        if (within) return;
        requests += 1;
        within = true;
        await meanwhile(requests);
        within = false;
      };
      const outcome = await resume('K').catch((error: Error) => error.message);
      return { outcome, requests };
    }
    const nothingLeft = (ours: number) => (ours === 0 ? expect.stringContaining('nothing is parked') : undefined);

    it('before any of its requests: tells what it has done itself, and fails only when that is nothing', async () => {
      const { outcome, requests } = await requestsOf(async () => undefined);
      expect(outcome).toEqual({ resumed: 3, released: true });
      const told: unknown[] = [];
      for (let at = 1; at <= requests; at += 1) {
        count += 1;
        name = `worker-${count}`;
        parking = tableParking(TABLE, { name }, lambda);
        handled = [];
        let theirs: Resumed | undefined;
        const { outcome: ours } = await requestsOf(async (request) => {
          if (request === at) theirs = await resume('K');
        });
        const done = typeof ours === 'string' ? 0 : ours.resumed;
        expect([at, done + (theirs?.resumed ?? 0)]).toEqual([at, 3]);
        expect([at, ours]).toEqual([at, nothingLeft(done) ?? { resumed: done, released: true }]);
        expect([at, [...new Set(handled)], await left()]).toEqual([at, IDS, [`parked!${name}`]]);
        told.push(done);
      }
      expect([...new Set(told)]).toEqual([0, 1, 2, 3]);
    });
  });

  it('passes over a place where nothing lies', async () => {
    for (const id of ['m-1', 'm-2']) await parking.park('K', message(id), 'broken');
    await lambda.aws('dynamodb', 'DeleteItem', { TableName: TABLE, Key: { pk: { S: `parked!${name}!1!K` } } });
    expect(await resume('K')).toMatchObject({ released: true });
    expect(handled).toEqual(['m-2']);
  });

  it('does not take trouble with the table for somebody else’s work', async () => {
    await parking.park('K', message('m-1'), 'broken');
    before = async (operation, input) => {
      if (operation === 'TransactWriteItems' && JSON.stringify(input).includes('DELETE #keys'))
        throw new Error('no answer');
    };
    await expect(resume('K')).rejects.toThrow('no answer');
  });

  it('reads consistently', async () => {
    await parking.park('K', message('m-1'), 'broken');
    const reads: unknown[] = [];
    before = async (operation, input) => {
      if (operation === 'GetItem') reads.push((input as { ConsistentRead?: boolean }).ConsistentRead);
    };
    await resume('K');
    expect(new Set(reads)).toEqual(new Set([true]));
  });

  it('goes as far as the time allows', async () => {
    await parking.park('K', message('1'), 'broken');
    await parking.park('K', message('2'));
    expect(await resume('K', () => (handled.length === 0 ? 30_000 : 0))).toEqual({ resumed: 1, released: false });
    expect(await resume('K')).toEqual({ resumed: 1, released: true });
  });

  it('leaves another key alone that looks like a number of it', async () => {
    await parking.park('K', message('1'), 'broken');
    await parking.park('K!1', message('2'), 'broken');
    expect(await resume('K')).toEqual({ resumed: 1, released: true });
    expect(await resume('K!1')).toEqual({ resumed: 1, released: true });
    expect(handled).toEqual(['1', '2']);
  });
});
