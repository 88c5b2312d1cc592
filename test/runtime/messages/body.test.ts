import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEnvelope } from '../../../lib/contracts/events/envelope.ts';
import { AwsError } from '../../../lib/runtime/aws/calls/call.ts';
import { Reject } from '../../../lib/runtime/invocation/outcomes.ts';
import {
  bodyOf,
  type Carrier,
  type ClaimedEnvelope,
  isClosed,
  MessageTooLarge,
  openBody,
  sizeOf,
} from '../../../lib/runtime/messages/body.ts';
import { storeClaim } from '../../../lib/runtime/messages/claim-check.ts';
import { events, opened } from '../../contracts/sample-declarations.ts';
import { BUCKET, memoryS3 } from '../memory-s3.ts';

const carrier = (change: Partial<Carrier> = {}): Carrier => ({
  where: "queue 'work'",
  maxBytes: 100_000,
  oversized: 'claim-check',
  compress: 'never',
  ...change,
});
const bucket = () => BUCKET;
const noBucket = (): string => {
  throw new Error('no bucket is needed here');
};
const long = (bytes: number) => opened('T-1', 'e-1', 'A LANTERN '.repeat(bytes / 10));
const random = (bytes: number) => opened('T-1', 'e-1', randomBytes(bytes).toString('base64'));

describe('bodies', () => {
  it.each([499, 100_000])('of %i levels in the data are refused: nobody could read them', (levels) => {
    let x: unknown = 1;
    for (let i = 0; i < levels; i++) x = [x];
    const event = { ...opened('T-1', 'e-1'), data: { x } };
    expect(() => bodyOf(event, carrier({ oversized: 'refuse', maxBytes: 1_000_000 }), noBucket)).toThrow(
      /^event 'e-1' \(tickets.ticket-opened\) is nested deeper than 500 levels/,
    );
  });

  it('are plain JSON as long as they fit', () => {
    const event = opened('T-1', 'e-1', 'small');
    const body = bodyOf(event, carrier({ compress: 'when-it-pays' }), noBucket);
    expect(body).toEqual({ text: JSON.stringify(event), bytes: sizeOf(JSON.stringify(event)) });
    expect(isClosed(JSON.parse(body.text))).toBe(false);
  });

  it('are packed when that pays, with the header as it was', async () => {
    const event = long(50_000);
    const body = bodyOf(event, carrier({ compress: 'when-it-pays' }), noBucket);
    const { packed, ...header } = JSON.parse(body.text);
    const { data: _, ...expected } = event;
    expect(body.text.startsWith('{"packed":')).toBe(true);
    expect(header).toEqual(expected);
    expect(packed).toMatchObject({ encoding: 'gzip', bytes: Buffer.byteLength(JSON.stringify(event.data)) });
    expect(body.bytes).toBeLessThan(5_000);
    expect(JSON.parse(await openBody(body.text, memoryS3().runtime))).toEqual(event);
  });

  it('go through packed although they would not fit, without claim check', () => {
    const body = bodyOf(long(500_000), carrier({ compress: 'when-it-pays', oversized: 'refuse' }), noBucket);
    expect(body.bytes).toBeLessThan(20_000);
  });

  it.each([
    ['never', long(5_000_000)],
    ['when-it-pays', random(200_000)],
  ] as const)('are claimed when they do not fit, and opened again (compress: %s)', async (compress, event) => {
    const s3 = memoryS3();
    const body = bodyOf(event, carrier({ compress }), bucket);
    const { claimCheck, ...header } = JSON.parse(body.text);
    const { data: _, ...expected } = event;
    expect(header).toEqual(expected);
    expect(body.bytes).toBeLessThan(1_500);
    expect(claimCheck).toMatchObject({ bucket: BUCKET, key: `claims/${claimCheck.sha256}` });
    expect(claimCheck.packed).toBeUndefined();
    if (body.claimed === undefined) throw new Error('data must be stored first');
    await storeClaim(s3.runtime, body.claimed);
    expect(JSON.parse(await openBody(body.text, s3.runtime))).toEqual(event);
  });

  it('are claimed compressed, when that pays', async () => {
    const s3 = memoryS3();
    const event = long(5_000_000);
    const body = bodyOf(event, carrier({ compress: 'when-it-pays', maxBytes: 2_000 }), bucket);
    expect(body.claimed?.claim.packed).toEqual({ encoding: 'gzip', bytes: JSON.stringify(event.data).length });
    if (body.claimed === undefined) throw new Error('data must be stored first');
    await storeClaim(s3.runtime, body.claimed);
    expect(s3.puts[0]).toMatchObject({ ContentEncoding: 'gzip', ContentType: 'application/json' });
    expect(s3.puts[0]?.Body.length).toBeLessThan(50_000);
    expect(JSON.parse(await openBody(body.text, s3.runtime))).toEqual(event);
  });

  it('of the same data are one object, whoever sends it and how often', () => {
    const keys = ['e-1', 'e-2', 'e-1'].map((id) => {
      const { claimed } = bodyOf(opened('T-1', id, 'x'.repeat(200_000)), carrier(), bucket);
      return claimed?.claim.key;
    });
    expect(new Set(keys).size).toBe(1);
  });

  it('that were claimed before stay claimed; the writer’s keys are not sent', () => {
    const claimed = {
      claimCheck: { bucket: BUCKET, key: 'claims/1', bytes: 1, sha256: '1', keys: { work: 'g' } },
      ...opened('T-1'),
      data: undefined,
    };
    const { data: _, ...event } = claimed;
    const { text } = bodyOf(event as unknown as ClaimedEnvelope, carrier(), noBucket);
    expect(JSON.parse(text).claimCheck).toEqual({ bucket: BUCKET, key: 'claims/1', bytes: 1, sha256: '1' });
    expect(isClosed(JSON.parse(text))).toBe(true);
  });

  it('escape the two characters that SQS and SNS do not take', () => {
    const { text } = bodyOf(opened('T-1', 'e-1', 'a\uFFFEb\uFFFFc'), carrier(), noBucket);
    expect(text).toContain('a\\ufffeb\\uffffc');
    expect(JSON.parse(text).data.text).toBe('a\uFFFEb\uFFFFc');
  });

  it('come back as they were, whatever is in them and whatever way they took', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary', maxLength: 100 }).filter((text) => text.isWellFormed()),
        fc.nat(60_000),
        fc.constantFrom('never' as const, 'when-it-pays' as const),
        fc.integer({ min: 2_000, max: 80_000 }),
        async (text, repeats, compress, maxBytes) => {
          const s3 = memoryS3();
          const event = opened('T-1', 'e-1', text.repeat(Math.ceil(repeats / (text.length + 1))));
          const { text: body, claimed, bytes } = bodyOf(event, carrier({ compress, maxBytes }), bucket);
          expect(bytes).toBeLessThanOrEqual(maxBytes);
          if (claimed !== undefined) await storeClaim(s3.runtime, claimed);
          expect(readEnvelope(await openBody(body, s3.runtime), events)).toEqual(event);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('a body to the byte', () => {
  const event = opened('T-1', 'e-1', 'x'.repeat(20_000));
  const bytes = sizeOf(JSON.stringify(event));

  it('is counted in UTF-8, with what counts beside it', () => {
    expect(sizeOf('ü')).toBe(2);
    expect(sizeOf('ü', 118)).toBe(120);
    const beside = () => 100;
    expect(bodyOf(event, carrier({ maxBytes: bytes + 100, beside }), bucket)).toMatchObject({ bytes: bytes + 100 });
    expect(bodyOf(event, carrier({ maxBytes: bytes + 99, beside }), bucket).claimed).toBeDefined();
  });

  it.each([
    [bytes, 'plain'],
    [bytes - 1, 'claimed'],
  ])('in a channel of %d is %s', (maxBytes, form) => {
    expect(bodyOf(event, carrier({ maxBytes }), bucket).claimed === undefined ? 'plain' : 'claimed').toBe(form);
  });

  it.each([
    [bytes, true],
    [bytes - 1, false],
  ])('in a channel of %d without claims goes through: %s', (maxBytes, fits) => {
    const make = () => bodyOf(event, carrier({ maxBytes, oversized: 'refuse' }), noBucket);
    if (fits) expect(make().bytes).toBe(bytes);
    else expect(make).toThrow(expect.objectContaining({ name: 'MessageTooLarge', eventId: 'e-1' }));
  });

  it('is packed from 16 KiB on', () => {
    const of = (size: number) => {
      const empty = opened('T-1', 'e-1');
      const text = 'x'.repeat(size - sizeOf(JSON.stringify(empty)));
      return bodyOf({ ...empty, data: { ticket: 'T-1', text } }, carrier({ compress: 'when-it-pays' }), noBucket);
    };
    expect(isClosed(JSON.parse(of(18_000).text))).toBe(true);
    expect(isClosed(JSON.parse(of(16_383).text))).toBe(false);
  });

  it('with data of its own is no claim, whatever else it says', () => {
    const odd = { ...event, claimCheck: { bucket: 'b', key: 'k', bytes: 1, sha256: 'x' } };
    expect(bodyOf(odd, carrier(), noBucket).text).toBe(JSON.stringify(odd));
  });
});

describe('what is too large', () => {
  it('is refused with size, limit and fix', () => {
    const refusing = () => bodyOf(long(200_000), carrier({ oversized: 'refuse' }), noBucket);
    expect(refusing).toThrow(MessageTooLarge);
    expect(refusing).toThrow(
      /^event 'e-1' \(tickets.ticket-opened\) is 200\d{3} bytes; queue 'work' takes 100000. Make the event smaller, or declare oversized: 'claim-check' on its channels.$/,
    );
  });

  it('is refused when no reader could hold it', () => {
    expect(() => bodyOf(long(68_000_000), carrier(), bucket)).toThrow(
      'bytes; a claim check takes 67108864. Split the event, or store the document yourself and send its address.',
    );
  });
});

describe('openBody', () => {
  const s3 = memoryS3();
  const { text, claimed } = bodyOf(long(200_000), carrier(), bucket);
  const reference = JSON.parse(text);
  const changed = (claim: object) =>
    JSON.stringify({ ...reference, claimCheck: { ...reference.claimCheck, ...claim } });
  const reasonOf = (body: string, runtime = s3.runtime) =>
    openBody(body, runtime).then(
      () => 'opened',
      (error) => (error instanceof Reject ? error.reason : error),
    );

  it.each([
    '{"specversion":"1.0"}',
    'no JSON',
    '',
    '{"packed":',
    '{"data":{"packed":1}}',
    '{"packed":7,"data":{}}',
    '["packed"]',
  ])('leaves alone what is not closed: %s', async (body) => {
    expect(await openBody(body, s3.runtime)).toBe(body);
  });

  it.each([
    ['in another order', (t: string) => JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(t)).reverse()))],
    ['behind a first one that does not count', (t: string) => t.replace('{', '{"claimCheck":7,')],
    ['with white space', (t: string) => JSON.stringify(JSON.parse(t), undefined, 2)],
    ['with a name that is written in escapes', (t: string) => t.replace('claimCheck', 'claim\\u0043heck')],
  ])('opens members %s', async (_, change) => {
    const { runtime, objects } = memoryS3();
    objects.set(`${BUCKET}/${reference.claimCheck.key}`, claimed?.content ?? Buffer.alloc(0));
    const { traceparent, ...event } = long(200_000);
    expect(traceparent).toBeDefined();
    expect(JSON.parse(await openBody(change(text), runtime))).toMatchObject(event);
  });

  it('does not let data become members beside it', async () => {
    const data = gzipSync('{"a":1},"id":"other"');
    const packed = { encoding: 'gzip', bytes: 20, data: data.toString('base64') };
    expect(await reasonOf(JSON.stringify({ packed, id: 'e-1' }))).toBe('broken-body');
    const whole = { encoding: 'gzip', bytes: 7, data: gzipSync('{"a":1}').toString('base64') };
    expect(await openBody(JSON.stringify({ packed: whole }), s3.runtime)).toBe('{"data":{"a":1}}');
  });

  it.each([
    ['data that is gone', {}, 'claim-missing'],
    ['another bucket', { bucket: 'theirs' }, 'claim-elsewhere'],
    ['another folder', { key: 'invoices/1' }, 'claim-elsewhere'],
    ['no key', { key: undefined }, 'broken-body'],
    ['no hash', { sha256: undefined }, 'broken-body'],
    ['no size', { bytes: undefined }, 'broken-body'],
    ['a size beyond memory', { bytes: 67_108_865 }, 'broken-body'],
  ])('rejects %s', async (_, claim, reason) => {
    expect(await reasonOf(changed(claim))).toBe(reason);
  });

  it.each([
    ['a packed body without data', '{"packed":{"encoding":"gzip","bytes":5}}'],
    ['nothing packed', '{"packed":null}'],
    ['no claim', '{"claimCheck":null}'],
    ['damaged packed data', '{"packed":{"encoding":"gzip","bytes":5,"data":"aGVsbG8="},"id":"1"}'],
  ])('rejects %s', async (_, body) => {
    expect(await reasonOf(body)).toBe('broken-body');
  });

  it.each([
    ['other bytes', Buffer.from('x'.repeat(claimed?.content.length ?? 0))],
    ['fewer bytes', Buffer.from('x')],
  ])('rejects data that is not what was stored: %s', async (_, content) => {
    const damaged = memoryS3();
    damaged.objects.set(`${BUCKET}/${reference.claimCheck.key}`, content);
    expect(await reasonOf(text, damaged.runtime)).toBe('claim-damaged');
  });

  it('lets what may pass be tried again', async () => {
    const slow = { ...s3.runtime, aws: () => Promise.reject(new AwsError('SlowDown', 'slow', 503)) };
    expect(await reasonOf(text, slow)).toBeInstanceOf(AwsError);
  });

  it('says what is missing when the function was deployed without the bucket', async () => {
    const { runtime } = memoryS3('');
    await expect(openBody(text, runtime)).rejects.toThrow('environment variable SLUICE_CLAIMS_BUCKET is not set');
  });
});
