import { gunzipSync } from 'node:zlib';
import type { KinesisStreamBatchResponse, KinesisStreamEvent } from 'aws-lambda';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seconds } from '../../../lib/contracts/declaring/duration.ts';
import { subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import { archive } from '../../../lib/runtime/archive/archive.ts';
import { AwsError } from '../../../lib/runtime/aws/calls/call.ts';
import { lambda, type Runtime } from '../../../lib/runtime/invocation/runtime.ts';
import { aggregated } from '../../../lib/runtime/messages/aggregated-record.ts';
import { bodyOf } from '../../../lib/runtime/messages/body.ts';
import { opened, ticketLog } from '../../contracts/sample-declarations.ts';
import { lambdaContext } from '../lambda-events.ts';

const SHARD = 'shardId-000000000003';
const HOUR_S = 3_600;
const START_S = Date.UTC(2026, 10, 20, 14, 59, 50) / 1_000;
const keep = subscription('keep', {
  to: ticketLog,
  guarantee: 'exactly-once-aggregation',
  batchSize: 1_000,
  batchWindow: seconds(60),
});

interface Stored {
  readonly body: Buffer;
  readonly metadata: Readonly<Record<string, string>>;
}

interface Line {
  readonly sequenceNumber: string;
  readonly part?: number;
  readonly event?: { readonly id: string; readonly data: unknown };
  readonly [other: string]: unknown;
}

/** What happens to a call: nothing but a wait of so many turns, or it fails before or after it took effect. */
interface Fate {
  readonly turns: number;
  readonly fails?: 'before' | 'after';
}

/** A bucket and a table in memory. */
function world(fateOf: () => Fate = () => ({ turns: 0 })) {
  const objects = new Map<string, Stored>();
  const positions = new Map<string, string>();
  const writes: string[] = [];

  function call(operation: string, input: object): unknown {
    if (operation === 'PutObject' || operation === 'HeadObject' || operation === 'GetObject') {
      const {
        Key,
        Body,
        IfNoneMatch,
        Metadata = {},
      } = input as {
        Key: string;
        Body: Buffer;
        IfNoneMatch?: string;
        Metadata?: Record<string, string>;
      };
      const found = objects.get(Key);
      if (operation !== 'PutObject') {
        if (found === undefined) throw new AwsError('NoSuchKey', 'no object', 404);
        return { Body: found.body, Metadata: found.metadata };
      }
      if (IfNoneMatch === '*' && found !== undefined) throw new AwsError('PreconditionFailed', 'it is there', 412);
      writes.push(Key);
      objects.set(Key, { body: Body, metadata: Metadata });
      return {};
    }
    if (operation === 'GetItem') {
      const key = (input as { Key: { pk: { S: string } } }).Key.pk.S;
      const position = positions.get(key);
      return position === undefined ? {} : { Item: { pk: { S: key }, position: { S: position } } };
    }
    const [{ Put: { Item } = { Item: { pk: { S: '' }, position: { S: '' } } } } = {}] = (
      input as { TransactItems: { Put: { Item: { pk: { S: string }; position: { S: string } } } }[] }
    ).TransactItems;
    if ((positions.get(Item.pk.S) ?? '') >= Item.position.S) {
      const CancellationReasons = [{ Code: 'ConditionalCheckFailed' }];
      throw new AwsError('TransactionCanceledException', 'cancelled', 400, { CancellationReasons });
    }
    positions.set(Item.pk.S, Item.position.S);
    return {};
  }

  const env: Readonly<Record<string, string>> = {
    SLUICE_ARCHIVE_BUCKET: 'bucket',
    SLUICE_INBOX_TABLE: 'inbox',
    SLUICE_CLAIMS_BUCKET: 'bucket',
  };
  const runtime: Runtime = {
    ...lambda,
    env: (name) => env[name],
    write: () => undefined,
    sleep: async () => undefined,
    async aws(_service, operation, input) {
      const { turns, fails } = fateOf();
      for (let i = 0; i < turns; i++) await Promise.resolve();
      if (fails === 'before') throw new Error('crash before');
      const answer = call(operation, input);
      if (fails === 'after') throw new Error('crash after');
      return answer;
    },
  };
  const lines = (): Line[] =>
    [...objects].flatMap(([key, { body }]) =>
      gunzipSync(body)
        .toString('utf8')
        .trimEnd()
        .split('\n')
        .map((line) => ({ ...(JSON.parse(line) as Line), key })),
    );
  return { objects, positions, writes, runtime, lines };
}

interface Given {
  readonly sequence: number;
  readonly second: number;
  readonly data: Buffer | string;
}

const eventOf = (records: readonly Given[]): KinesisStreamEvent => ({
  Records: records.map(({ sequence, second, data }) => ({
    eventID: `${SHARD}:${sequence}`,
    eventName: 'aws:kinesis:record',
    eventSource: 'aws:kinesis',
    eventSourceARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/log',
    eventVersion: '1.0',
    awsRegion: 'us-east-1',
    invokeIdentityArn: '',
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey: 'key',
      sequenceNumber: String(sequence),
      data: Buffer.from(data).toString('base64'),
      approximateArrivalTimestamp: second,
    },
  })),
});

const runs = (runtime: Runtime) => {
  const handler = archive(keep, runtime) as unknown as (
    event: KinesisStreamEvent,
    context: object,
  ) => Promise<KinesisStreamBatchResponse>;
  return (records: readonly Given[]) => handler(eventOf(records), lambdaContext());
};

const plain = (sequence: number, second = START_S): Given => ({
  sequence,
  second,
  data: JSON.stringify(opened(`T-${sequence}`)),
});

describe('archive()', () => {
  it('measures records, those that it has written before among them', async () => {
    const { runtime } = world();
    const told: Record<string, unknown>[] = [];
    const run = runs({ ...runtime, write: (line) => told.push(JSON.parse(line)) });
    await run([plain(98), plain(99)]);
    await run([plain(99), plain(100), plain(101)]);
    expect(told.filter((line) => '_aws' in line)).toMatchObject([
      {
        subscription: 'keep',
        Received: [2],
        Done: [2],
        Duplicates: [0],
        Rejected: [0],
        Consumed: [2],
        StateFailures: [0],
      },
      {
        subscription: 'keep',
        Received: [3],
        Done: [2],
        Duplicates: [1],
        Rejected: [0],
        Consumed: [3],
        StateFailures: [0],
      },
    ]);
  });

  it('writes a batch as one object for each hour, named by its first record, that says where it ends', async () => {
    const { runtime, objects, positions, lines } = world();
    const records = [plain(98), plain(99), plain(100, START_S + 20), plain(101, START_S + 20 + HOUR_S)];
    expect(await runs(runtime)(records)).toEqual({ batchItemFailures: [] });
    const shown = [...objects].map(([key, { metadata }]) => [key, metadata['last-sequence-number']]);
    expect(shown).toEqual([
      [`log=ticket-log/day=2026-11-20/hour=14/${SHARD}-98.ndjson.gz`, '99'],
      [`log=ticket-log/day=2026-11-20/hour=15/${SHARD}-100.ndjson.gz`, '100'],
      [`log=ticket-log/day=2026-11-20/hour=16/${SHARD}-101.ndjson.gz`, '101'],
    ]);
    expect(positions.get(`keep@${SHARD}`)).toMatch(/^0+101$/);
    expect(lines()[0]).toEqual({
      key: expect.any(String),
      shard: SHARD,
      sequenceNumber: '98',
      partitionKey: 'key',
      arrivedAt: '2026-11-20T14:59:50.000Z',
      event: { ...opened('T-98'), traceparent: expect.any(String) },
    });
  });

  it('keeps bodies as they came: JSON to the letter, other text, bytes, events of an aggregated record one by one', async () => {
    const { runtime, objects, lines } = world();
    const long = '{"big":12345678901234567890,"one":1.0}';
    await runs(runtime)([
      { sequence: 1, second: START_S, data: long },
      { sequence: 2, second: START_S, data: 'no JSON' },
      { sequence: 3, second: START_S, data: '{\n"in": "two lines"}' },
      { sequence: 4, second: START_S, data: Buffer.from([0xff, 0xfe, 0x00]) },
      { sequence: 5, second: START_S, data: aggregated('T-1', [Buffer.from('{"a":1}'), Buffer.from('{"a":2}')]) },
    ]);
    const [{ body } = { body: Buffer.alloc(0) }] = [...objects.values()];
    expect(gunzipSync(body).toString('utf8')).toContain(`"event":${long}}`);
    expect(lines().map(({ text, base64, part, partitionKey }) => [text, base64, part, partitionKey])).toEqual([
      [undefined, undefined, undefined, 'key'],
      ['no JSON', undefined, undefined, 'key'],
      ['{\n"in": "two lines"}', undefined, undefined, 'key'],
      [undefined, '//4A', undefined, 'key'],
      [undefined, undefined, 0, 'T-1'],
      [undefined, undefined, 1, 'T-1'],
    ]);
  });

  it('puts claimed and packed data back into the event, and keeps what is gone with the reason', async () => {
    const { runtime, objects, lines } = world();
    const large = opened('T-1', 'large', 'x'.repeat(20_000));
    const carrier = { where: 'a test', maxBytes: 2_000, oversized: 'claim-check', compress: 'never' } as const;
    const claimed = bodyOf(large, carrier, () => 'bucket');
    if (claimed.claimed === undefined) throw new Error('the event was to be too large');
    const packed = bodyOf(large, { ...carrier, maxBytes: 100_000, compress: 'when-it-pays' }, () => 'bucket');
    objects.set(claimed.claimed.claim.key, { body: claimed.claimed.content, metadata: {} });
    const lost = claimed.text.replaceAll(claimed.claimed.claim.sha256, '0'.repeat(64));
    await runs(runtime)(
      [claimed.text, packed.text, lost].map((data, i) => ({ sequence: i + 1, second: START_S, data })),
    );
    objects.delete(claimed.claimed.claim.key);
    expect(packed.text).toMatch(/^\{"packed":/);
    expect(lines().map(({ event, problem }) => [event?.id, event?.data, problem])).toEqual([
      ['large', large.data, undefined],
      ['large', large.data, undefined],
      ['large', undefined, 'claim-missing'],
    ]);
  });

  it('does nothing about a batch that it has archived', async () => {
    const { runtime, writes } = world();
    const run = runs(runtime);
    await run([plain(1), plain(2)]);
    await run([plain(1), plain(2)]);
    await run([plain(2)]);
    expect(writes).toHaveLength(1);
  });

  it('goes on where the object ends that a crash has left behind, whatever the new borders', async () => {
    let calls = 0;
    // Read the position, write the object: and no more.
    const { runtime, lines, objects } = world(() => ({ turns: 0, ...(++calls === 2 ? { fails: 'after' } : {}) }));
    const run = runs(runtime);
    await expect(run([plain(1), plain(2), plain(3)])).rejects.toThrow('crash after');
    await run([plain(1), plain(2)]);
    await run([plain(3), plain(4), plain(5)]);
    expect(lines().map(({ sequenceNumber }) => sequenceNumber)).toEqual(['1', '2', '3', '4', '5']);
    expect(objects.size).toBe(2);
  });

  it('refuses to take an object for its own that does not say where it ends', async () => {
    const { runtime, objects } = world();
    const key = `log=ticket-log/day=2026-11-20/hour=14/${SHARD}-1.ndjson.gz`;
    objects.set(key, { body: Buffer.alloc(0), metadata: {} });
    await expect(runs(runtime)([plain(1)])).rejects.toThrow(
      `the object 'bucket/${key}' does not say where it ends (metadata 'last-sequence-number'): archive() has not written it. Move it away`,
    );
  });
});

describe('whatever crashes, and however batches come again', () => {
  const fate = fc.record(
    {
      turns: fc.nat(12),
      fails: fc.constantFrom('before' as const, 'after' as const, undefined, undefined, undefined, undefined),
    },
    { requiredKeys: ['turns'] },
  );

  it('every record is in exactly one object, and the objects of a shard follow one another', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(0, 0, 0, 1, 1_200, HOUR_S), { minLength: 1, maxLength: 25 }),
        fc.array(fc.nat(9), { minLength: 80, maxLength: 80 }),
        fc.array(fate, { maxLength: 120 }),
        async (steps, sizes, fates) => {
          let call = 0;
          const { runtime, lines, objects } = world(() => {
            const { turns = 0, fails } = fates[call++] ?? { turns: 0 };
            return fails === undefined ? { turns } : { turns, fails };
          });
          const run = runs(runtime);
          const records = steps.map((_, i) =>
            plain(
              i + 1,
              steps.slice(0, i + 1).reduce((sum, step) => sum + step, START_S),
            ),
          );
          let [checkpoint, size] = [0, 0];
          const batch = () => records.slice(checkpoint, checkpoint + 1 + (sizes[size++ % sizes.length] ?? 0));
          while (checkpoint < records.length) {
            // What has timed out may still be running: two invocations with borders of their own, of which one counts.
            const [counts, late] = [batch(), batch()];
            const running = [run(counts), ...(size % 3 === 0 ? [run(late)] : [])];
            const [outcome] = await Promise.allSettled(running);
            if (outcome?.status === 'fulfilled') checkpoint += counts.length;
          }
          const found = lines();
          expect(found.map(({ sequenceNumber }) => Number(sequenceNumber)).sort((a, b) => a - b)).toEqual(
            records.map(({ sequence }) => sequence),
          );
          for (const { arrivedAt, key } of found) expect(key).toContain(`hour=${String(arrivedAt).slice(11, 13)}/`);
          const ends = [...objects].map(([key, { metadata }]) => [
            Number(/-(\d+)\.ndjson/.exec(key)?.[1]),
            Number(metadata['last-sequence-number']),
          ]);
          let next = 1;
          for (const [first = 0, last = 0] of ends.sort(([a = 0], [b = 0]) => a - b)) {
            expect(first).toBe(next);
            next = last + 1;
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
