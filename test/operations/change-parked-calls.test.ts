import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import { ENV } from '../../lib/contracts/agreed/environment.ts';
import {
  type ChangeParked,
  EditRefused,
  editHead,
  headOf,
  ParkedMeanwhile,
  readEdit,
  skipHead,
} from '../../lib/operations/parked/change-parked.ts';
import { type AwsCall, AwsError } from '../../lib/runtime/aws/calls/call.ts';
import { parkedLotKey, parkedMessageKey } from '../../lib/runtime/control/control-items.ts';
import { triesKey } from '../../lib/runtime/control/tries.ts';
import { keptMessages } from '../../lib/runtime/dead-letters/kept-messages.ts';
import type { ParkedLot, ParkedMessage } from '../../lib/runtime/dead-letters/parking.ts';
import { fitted } from '../../lib/runtime/messages/wrapped-message.ts';
import { opened, TicketOpened } from '../contracts/sample-declarations.ts';
import { memoryS3 } from '../runtime/memory-s3.ts';

/**
 * What changing a parked key asks of the services, call by call, in each state that its first message may be in: kept word for word in
 * `kept/change-parked.txt` (`npx vitest run test/operations/change-parked-calls.test.ts -u`).
 */
const S = { name: 'worker' };
const AT = '2026-11-20T08:00:00.000Z';
const EARLIER = '2026-11-19T07:00:00.000Z';
const typed = { dataType: 'String', stringValue: 'some.type' };
const binary = { dataType: 'Binary', binaryValue: 'AQI=' };
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const event = (id: string, text = '') => JSON.stringify({ ...opened('K', id, text), traceparent });

interface State {
  readonly row?: Partial<ParkedMessage>;
  readonly lot?: Partial<ParkedLot>;
  /** Failed tries. */
  readonly failed?: number;
  /** @default work.fifo */
  readonly queue?: string | undefined;
  /** Where the body, or the original of an edit, lies in the bucket. */
  readonly wrapped?: 'body' | 'original' | 'both';
  /** The objects are gone. */
  readonly gone?: true;
}

const change = (number: number) => ({ what: 'skipped' as const, number, by: 'al', at: EARLIER });
const STATES: Readonly<Record<string, State>> = {
  'as it came, in a queue with groups': { row: { attributes: { type: typed, tenant: binary } }, failed: 3 },
  'in a queue without groups, not tried yet': { queue: 'work', row: { reason: undefined as never } },
  'in a log': { queue: undefined, lot: { changes: [change(1), change(2)] } },
  'edited before': {
    row: { edits: 2, original: { body: event('e-3', 'first'), attributes: {} }, attributes: { tenant: binary } },
  },
  'without an event in it': { row: { body: 'no JSON' } },
  'with long words, and as many changes as are kept': {
    row: { body: event('e'.repeat(3_000)), reason: 'r'.repeat(3_000) },
    lot: { changes: Array.from({ length: 100 }, (_, n) => change(n)) },
  },
  'in the bucket': { wrapped: 'body' },
  'in the bucket, whose object is gone': { wrapped: 'body', gone: true },
  'edited before, both in the bucket': { wrapped: 'both', row: { edits: 1 } },
  'edited before, the original in the bucket': { wrapped: 'original', row: { edits: 1 } },
};

/** A table of items and a bucket that answer, and note what they are asked. */
async function world({ queue = 'work.fifo', wrapped, gone, failed, ...state }: State, given: State = {}) {
  const variables: Record<string, string> = {
    ...{ [ENV.deadLetterBucket]: 'bucket', [ENV.deadLetterQueue]: 'dead.fifo', [ENV.claims]: 'claims' },
    ...('queue' in given && given.queue === undefined ? {} : { [ENV.queue]: queue }),
  };
  const s3 = memoryS3();
  const item = { number: 3, messageId: 'm-3' };
  const inBucket = (body: string, content: number) =>
    fitted(
      { ...{ id: 'm-3', unit: 'K', source: 'x', receives: 1, firstReceived: 0 }, body, attributes: { tenant: binary } },
      { maxBytes: content, maxAttributes: 0, takes: () => true },
      {},
      (whole) => keptMessages(S, { aws: s3.runtime.aws, env: (name) => variables[name] }).keep(whole, item),
    );
  const own = { body: event('e-3'), attributes: {} };
  const row: ParkedMessage = {
    ...{ ...item, parkedAt: EARLIER, reason: 'broken', ...own, ...state.row },
    ...(wrapped === 'body' || wrapped === 'both' ? await inBucket(event('e-3', 'wrapped'), 10) : {}),
    ...(wrapped === 'original' || wrapped === 'both' ? { original: await inBucket(event('e-3', 'original'), 10) } : {}),
  };
  const lot = { last: 5, resumed: 2, ...state.lot };
  if (gone) s3.objects.clear();
  const items: Record<string, object> = {
    [parkedLotKey(S, 'K')]: lot,
    [parkedMessageKey(S, 'K', 3)]: row,
    ...(failed === undefined
      ? {}
      : { [triesKey(S, { id: 'm-3' })]: { attempts: new Set(Array.from({ length: failed }, (_, n) => `a-${n}`)) } }),
  };
  const asked: string[] = [];
  const aws: AwsCall = async (service, operation, input) => {
    asked.push(`${service} ${operation} ${JSON.stringify(input, inShort)}`);
    if (service === 's3') return s3.runtime.aws(service, operation, input);
    if (operation !== 'GetItem') return {};
    const found = items[String((input as { Key: { pk: { S: string } } }).Key.pk.S)];
    return found === undefined ? {} : { Item: marshall(found, { removeUndefinedValues: true }) };
  };
  const place = { subscription: S.name, table: 'inbox' };
  const one: ChangeParked = { aws, now: () => Date.parse(AT), id: () => 'an-id', consumer: { place, variables } };
  return { one, asked, items };
}
const inShort = (_: string, value: unknown) => {
  if (typeof value === 'string' && value.startsWith('{"reason"')) {
    // Where it was thrown is another matter, and another folder.
    const { frames: _, fingerprint: __, ...letter } = JSON.parse(value);
    return letter;
  }
  if (typeof value === 'string' && value.length > 400) return `${value.slice(0, 20)}... (${value.length})`;
  if (typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer') return 'bytes';
  return Array.isArray(value) && value.length > 20 ? [value[0], `... (${value.length})`, value.at(-1)] : value;
};

const OPERATIONS: Readonly<Record<string, (one: ChangeParked) => Promise<unknown>>> = {
  skip: async (one) => skipHead(one, await headOf(one, 'K'), { by: 'jo'.repeat(150), drop: false }),
  drop: async (one) => skipHead(one, await headOf(one, 'K'), { by: 'jo', drop: true }),
  edit: async (one) => {
    const head = await headOf(one, 'K');
    const edit = await readEdit(one, head, `\n${event(head.eventId ?? 'e-3', 'edited')}\n`, [TicketOpened]);
    return editHead(one, head, edit, 'jo'.repeat(150));
  },
};

describe.each(Object.entries(STATES))('the first message of a parked key, %s', (name, state) => {
  it('is read, skipped, dropped and edited as it should be', async () => {
    const texts: string[] = [];
    const { one, asked } = await world(state, state);
    const { row: _, lot: __, ...head } = await headOf(one, 'K');
    texts.push('# head', ...asked, JSON.stringify(head, inShort));
    for (const [operation, run] of Object.entries(OPERATIONS)) {
      const { one, asked } = await world(state, state);
      const done = await run(one).catch((error) => `${error.name}: ${error.message}`);
      texts.push(`\n# ${operation}`, ...asked, JSON.stringify(done, inShort));
    }
    await expect(`${texts.join('\n')}\n`).toMatchFileSnapshot(`kept/change-parked/${name.replaceAll(/\W+/g, '-')}.txt`);
  });
});

describe('what is not the head any more', () => {
  it.each<[string, Partial<ParkedMessage>]>([
    ['another message under the same number', { messageId: 'm-4' }],
    ['an edit', { edits: 1 }],
  ])('is not skipped: %s', async (_, row) => {
    const { one, asked, items } = await world({});
    const head = await headOf(one, 'K');
    Object.assign(items[parkedMessageKey(S, 'K', 3)] ?? {}, row);
    asked.length = 0;
    await expect(skipHead(one, head, { by: 'jo', drop: false })).rejects.toThrow(ParkedMeanwhile);
    expect(new Set(asked.map((text) => text.split(' ')[1]))).toEqual(new Set(['GetItem']));
  });
});

describe('what goes wrong on the way', () => {
  const refusal = (name: string, Code = 'ConditionalCheckFailed') =>
    new AwsError(name, 'no', 400, { CancellationReasons: [{ Code }] });
  const failing = async (state: State, at: string, error: Error) => {
    const { one } = await world(state, state);
    const aws: AwsCall = (service, operation, input) =>
      operation === at ? Promise.reject(error) : one.aws(service, operation, input);
    return { ...one, aws };
  };
  const REFUSED = ['TransactionCanceledException', 'ConditionalCheckFailedException'];

  it.each([...REFUSED, 'AccessDenied'])('in the write: %s', async (name) => {
    for (const run of Object.values(OPERATIONS)) {
      const error = refusal(name);
      const failed = await run(await failing({}, 'TransactWriteItems', error)).catch((thrown: unknown) => thrown);
      if (REFUSED.includes(name)) expect(failed).toBeInstanceOf(ParkedMeanwhile);
      else expect(failed).toBe(error);
    }
  });

  it('in a write that met another transaction is told as it is', async () => {
    const error = refusal('TransactionCanceledException', 'TransactionConflict');
    for (const run of Object.values(OPERATIONS))
      await expect(run(await failing({}, 'TransactWriteItems', error))).rejects.toBe(error);
  });

  it.each([
    ['GetItem', {}, ['skip', 'drop', 'edit']],
    ['GetObject', { wrapped: 'body' }, ['skip', 'drop', 'edit']],
    ['SendMessage', {}, ['skip']],
  ] as const)('in %s is told as it is, and nothing is written', async (at, state, operations) => {
    for (const operation of operations) {
      const error = refusal('AccessDenied');
      const one = await failing(state, at, error);
      const written: string[] = [];
      const aws: AwsCall = (service, asked, input) => {
        if (asked === 'TransactWriteItems') written.push(asked);
        return one.aws(service, asked, input);
      };
      await expect(OPERATIONS[operation]?.({ ...one, aws })).rejects.toBe(error);
      expect(written).toEqual([]);
    }
  });

  it('in taking away an object that nothing needs any more is no failure', async () => {
    const one = await failing({ wrapped: 'both', row: { edits: 1 } }, 'DeleteObject', refusal('AccessDenied'));
    for (const [what, run] of Object.entries({ dropped: OPERATIONS.drop, edited: OPERATIONS.edit }))
      expect(await run?.(one)).toMatchObject({ what, number: 3 });
  });

  it('in reading an edited body is told as it is; what the body says wrongly is refused', async () => {
    const { one } = await world({});
    const head = await headOf(one, 'K');
    for (const [body, text] of [
      ['{', /^the edited body cannot be read: /],
      [event('e-9'), /^the event's id is 'e-3' and must stay: .* The edited body has 'e-9'$/],
      [` ${event('e-3')}\n`, /^the body is the one that lies there: nothing to change$/],
    ] as const)
      await expect(readEdit(one, head, body, [TicketOpened])).rejects.toThrow(text);
    await expect(readEdit(one, head, '{', [TicketOpened])).rejects.toThrow(EditRefused);
    const broken = new Error('a schema that breaks');
    const events = [{ ...TicketOpened, data: undefined } as never];
    Object.defineProperty(events[0], 'type', {
      get: () => {
        throw broken;
      },
    });
    await expect(readEdit(one, head, event('e-3', 'new'), events)).rejects.toBe(broken);
  });
});
