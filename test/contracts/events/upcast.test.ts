import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { DeclarationError } from '../../../lib/contracts/declaring/declaration-error.ts';
import { envelope, readEnvelope, readEvent, UnreadableMessage } from '../../../lib/contracts/events/envelope.ts';
import { event, schemaUri } from '../../../lib/contracts/events/event.ts';
import { previousVersion } from '../../../lib/contracts/events/upcast.ts';

/** Names were one word, then two, then a list with a locale. */
const V1 = v.object({ id: v.string(), name: v.string() });
const V2 = v.object({ id: v.string(), first: v.string(), last: v.optional(v.string(), '') });
const V3 = v.object({
  id: v.string(),
  names: v.pipe(v.array(v.string()), v.minLength(1)),
  locale: v.optional(v.string(), 'en'),
});

const key = ({ id }: { id: string }) => id;
const Joined = event('people.person-joined', {
  version: 3,
  data: V3,
  key,
  previous: [
    previousVersion(1, V1, ({ id, name }) => {
      const [first = '', last = ''] = name.split(' ');
      return { id, first, last };
    }),
    previousVersion(2, V2, ({ id, first, last }) => ({
      id,
      names: [first, last].filter((one) => one !== ''),
      locale: '',
    })),
  ],
});

const context = { id: 'e-1', source: '/test', time: new Date('2026-11-20T08:00:00Z') };
const sent = (version: number, data: object): string =>
  JSON.stringify({
    ...envelope(Joined, { id: 'P1', names: ['x'], locale: 'en' }, context),
    dataschema: schemaUri({ type: Joined.type, version }),
    data,
  });

function unreadable(body: string): UnreadableMessage {
  try {
    readEnvelope(body, [Joined]);
  } catch (error) {
    if (error instanceof UnreadableMessage) return error;
    throw error;
  }
  throw new Error('it was read');
}

describe('reading older versions', () => {
  it.each([
    [1, { id: 'P1', name: 'Ada Lovelace' }, { id: 'P1', names: ['Ada', 'Lovelace'], locale: '' }],
    [2, { id: 'P1', first: 'Ada' }, { id: 'P1', names: ['Ada'], locale: '' }],
    [3, { id: 'P1', names: ['Ada'] }, { id: 'P1', names: ['Ada'], locale: 'en' }],
  ])('version %d comes to the newest, step by step', (version, data, newest) => {
    const read = readEnvelope(sent(version, data), [Joined]);
    expect(read.data).toEqual(newest);
    expect(read.dataschema).toBe(`urn:sluice:people.person-joined:v${version}`);
  });

  it('gives the data as it was sent beside it, for fingerprints', () => {
    const data = { id: 'P1', first: 'Ada' };
    const { event: read, sent: asSent } = readEvent(sent(2, data), [Joined]);
    expect(asSent.data).toEqual(data);
    expect(read.data).not.toEqual(data);
    expect({ ...read, data }).toEqual(asSent);
  });

  it.each([
    [
      'old data that was never valid',
      1,
      { id: 'P1' },
      'invalid-data',
      /^the data of 'people\.person-joined' version 1 is invalid: name: /,
    ],
    [
      'old data under a newer version',
      2,
      { id: 'P1', name: 'Ada Lovelace' },
      'invalid-data',
      /^the data of 'people\.person-joined' version 2 is invalid: first: /,
    ],
    [
      'an upcaster that leads nowhere',
      2,
      { id: 'P1', first: '' },
      'upcast-failed',
      /^the data of 'people\.person-joined', upcast from version 2, is invalid: names: /,
    ],
    [
      'a version that is not here yet',
      4,
      {},
      'wrong-version',
      /^schema 'urn:sluice:people\.person-joined:v4' cannot be read here \(known: urn:sluice:people\.person-joined:v1, urn:sluice:people\.person-joined:v2, urn:sluice:people\.person-joined:v3\)$/,
    ],
  ])('says what is wrong with %s', (_, version, data, reason, message) => {
    const error = unreadable(sent(version, data));
    expect(error.reason).toBe(reason);
    expect(error.message).toMatch(message);
  });

  it('says which step threw, and keeps the cause', () => {
    const cause = new RangeError('no such month');
    const Broken = event('people.person-left', {
      version: 2,
      data: V1,
      key,
      previous: [
        previousVersion(1, V1, () => {
          throw cause;
        }),
      ],
    });
    const body = sent(1, { id: 'P1', name: 'Ada' }).replaceAll('person-joined', 'person-left');
    expect(() => readEnvelope(body, [Broken])).toThrow(
      expect.objectContaining({
        reason: 'upcast-failed',
        message: "upcasting 'people.person-left' from version 1 to 2 failed: RangeError: no such month",
        cause: expect.objectContaining({ cause }),
      }),
    );
  });

  it('lets a schema that answers later through as the fault of the code that it is', () => {
    const later = v.pipeAsync(
      V1,
      v.checkAsync(async () => true),
    );
    const Later = event('people.person-joined', {
      version: 2,
      data: V1,
      key,
      previous: [previousVersion(1, later, (one) => one)],
    });
    expect(() => readEnvelope(sent(1, { id: 'P1', name: 'Ada' }), [Later])).toThrow(
      new TypeError(
        "the schema of 'people.person-joined' version 1 validates asynchronously; use a synchronous validator",
      ),
    );
  });

  it('prefers a type declared in that very version', () => {
    const Old = event('people.person-joined', { version: 1, data: V1, key });
    expect(readEnvelope(sent(1, { id: 'P1', name: 'Ada' }), [Joined, Old]).data).toEqual({ id: 'P1', name: 'Ada' });
  });
});

describe('declaring older versions', () => {
  const step = (version: number) => previousVersion(version, V1, (data) => data);

  it('an event without older versions has none', () => {
    expect(event('people.person-joined', { version: 7, data: V1, key }).previous).toEqual([]);
  });

  it.each([
    ['a gap', 3, [step(1)]],
    ['a gap inside', 4, [step(1), step(3)]],
    ['the newest first', 3, [step(2), step(1)]],
    ['a version twice', 3, [step(2), step(2)]],
    ['its own version', 2, [step(2)]],
    ['a version before the first', 1, [step(0)]],
  ])('refuses %s', (_, version, previous) => {
    expect(() => event('people.person-joined', { version, data: V1, key, previous: previous as [] })).toThrow(
      new DeclarationError(
        "event 'people.person-joined'",
        `previous must hold consecutive versions, oldest first, up to ${version - 1} (given ${previous.map((one) => one.version).join(', ')})`,
        `Write for example previous: [previousVersion(${version - 1}, OldData, (old) => ({ ...old, added: 'x' }))]`,
      ),
    );
  });

  it('does not compile when a step leads to other data than the next version has', () => {
    const wrong = () =>
      event('people.person-joined', {
        version: 3,
        data: V3,
        key,
        previous: [
          // @ts-expect-error: version 2 has `first`, not `name`
          previousVersion(1, V1, (data) => data),
          // @ts-expect-error: version 3 has `names`
          previousVersion(2, V2, (data) => data),
        ],
      });
    expect(wrong).not.toThrow();
  });
});
