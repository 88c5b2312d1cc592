import { randomBytes, randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DeadLetter, MessageAttributes } from '../../../lib/contracts/agreed/dead-letter.ts';
import { ENV } from '../../../lib/contracts/agreed/environment.ts';
import {
  type ChangeParked,
  editHead,
  headOf,
  ParkedMeanwhile,
  readEdit,
  skipHead,
} from '../../../lib/operations/parked/change-parked.ts';
import { NotParked, parkedKey, parkedMessages } from '../../../lib/operations/parked/parked.ts';
import { tableParking } from '../../../lib/runtime/dead-letters/parking.ts';
import { lambda, type Runtime } from '../../../lib/runtime/invocation/runtime.ts';
import { bodyOfBytes, type Message } from '../../../lib/runtime/messages/message.ts';
import { opened, TicketOpened } from '../../contracts/sample-declarations.ts';
import { dynamodb } from '../../runtime/clients.ts';
import { createInboxTable, itemsOf, useLocalServices } from '../../runtime/local-services.ts';
import { memoryS3 } from '../../runtime/memory-s3.ts';

useLocalServices();

const TABLE = 'change-parked';
const NOW = Date.parse('2026-11-20T08:00:00Z');
let count = 0;
let s3: ReturnType<typeof memoryS3>;
let world: ChangeParked;
let letters: { readonly body: string; readonly group?: string; readonly deduplication?: string; letter: DeadLetter }[];
let runtime: Runtime;

beforeAll(() => createInboxTable(TABLE));
beforeEach(() => {
  count += 1;
  letters = [];
  s3 = memoryS3();
  const variables = { [ENV.deadLetterBucket]: 'bucket', [ENV.deadLetterQueue]: 'dead.fifo', [ENV.queue]: 'work.fifo' };
  runtime = {
    ...lambda,
    now: () => NOW,
    env: (name) => (variables as Record<string, string>)[name],
    aws: async (service, operation, input) => {
      if (service === 's3') return s3.runtime.aws(service, operation, input);
      if (service !== 'sqs') return lambda.aws(service, operation, input);
      const { MessageBody, MessageGroupId, MessageDeduplicationId, MessageAttributes } = input as never as {
        [name: string]: string;
      } & { MessageAttributes: Record<string, { StringValue: string }> };
      const letter = JSON.parse(MessageAttributes.deadLetter?.StringValue ?? '') as DeadLetter;
      letters.push({
        body: MessageBody ?? '',
        ...(MessageGroupId === undefined ? {} : { group: MessageGroupId }),
        ...(MessageDeduplicationId === undefined ? {} : { deduplication: MessageDeduplicationId }),
        letter,
      });
      return {};
    },
  };
  const place = { subscription: `worker-${count}`, table: TABLE };
  world = { aws: runtime.aws, now: runtime.now, id: randomUUID, consumer: { place, variables } };
});

const bodyOf = (id: string, data: object = { ticket: 'K', text: '' }): string =>
  JSON.stringify({ ...opened('K', id), data });
const message = (id: string, body: Pick<Message, 'body' | 'bytes'>, attributes: MessageAttributes = {}): Message => ({
  ...{ id, unit: 'K', source: 'work', receives: 1, firstReceived: 0, attributes },
  ...body,
});
const park = (one: Message, reason?: string) =>
  tableParking(TABLE, { name: world.consumer.place.subscription }, runtime).park('K', one, reason);
const rowsOf = async () =>
  (await itemsOf(TABLE)).filter(({ pk }) => String(pk).startsWith(`parked!${world.consumer.place.subscription}!`));
const shown = () => parkedMessages(dynamodb(), world.consumer.place, 'K', 10);
const step = async () => {
  // What a resumption that is done with the head does.
  const head = await headOf(world, 'K');
  await skipHead(world, head, { by: 'another', drop: true });
};
const jo = { by: 'jo', drop: false };
const edited = async (body: string) => {
  const head = await headOf(world, 'K');
  return editHead(world, head, await readEdit(world, head, body, [TicketOpened]), 'jo');
};

describe('skipHead', () => {
  beforeEach(async () => {
    await park(message('m-1', { body: bodyOf('e-1') }), 'broken');
    await park(message('m-2', { body: bodyOf('e-2') }));
  });

  it('sends the message to the dead letters with its reason, who and when; what waits behind it is first then', async () => {
    await skipHead(world, await headOf(world, 'K'), jo);
    expect(letters).toEqual([
      {
        ...{ body: expect.stringContaining('"id":"e-1"'), group: 'K', deduplication: 'skipped-m-1' },
        letter: expect.objectContaining({
          ...{ reason: 'broken', eventId: 'e-1', consumer: world.consumer.place.subscription },
          skipped: { by: 'jo', at: '2026-11-20T08:00:00.000Z' },
        }),
      },
    ]);
    expect(await parkedKey(dynamodb(), world.consumer.place, 'K')).toMatchObject({
      messages: 1,
      changes: [{ what: 'skipped', number: 1, eventId: 'e-1', reason: 'broken', by: 'jo' }],
    });
    expect((await shown()).map(({ eventId }) => eventId)).toEqual(['e-2']);
  });

  it('keeps it nowhere when told to drop it', async () => {
    await skipHead(world, await headOf(world, 'K'), { ...jo, drop: true });
    expect(letters).toEqual([]);
    expect(await parkedKey(dynamodb(), world.consumer.place, 'K')).toMatchObject({ changes: [{ what: 'dropped' }] });
  });

  it('leaves a key whose last message is skipped to be released', async () => {
    await step();
    await step();
    expect(await parkedKey(dynamodb(), world.consumer.place, 'K')).toMatchObject({ messages: 0 });
    await expect(headOf(world, 'K')).rejects.toThrow("no message waits under key 'K' any more: release it with");
  });

  it('does nothing when the key was resumed meanwhile', async () => {
    const head = await headOf(world, 'K');
    await step();
    await expect(skipHead(world, head, jo)).rejects.toThrow('was resumed or changed by somebody else meanwhile');
    expect(letters).toEqual([]);
  });

  it('does nothing to the table when it is resumed while the dead letter is sent', async () => {
    const head = await headOf(world, 'K');
    const { aws } = world;
    const racing: ChangeParked = {
      ...world,
      aws: async (service, operation, input) => {
        if (service === 'sqs') await step();
        return aws(service, operation, input);
      },
    };
    await expect(skipHead(racing, head, jo)).rejects.toThrow('was resumed or changed by somebody else meanwhile');
    expect((await shown()).map(({ eventId }) => eventId)).toEqual(['e-2']);
  });

  it('does nothing to a message that was edited since it was shown', async () => {
    const head = await headOf(world, 'K');
    await edited(bodyOf('e-1', { ticket: 'K', text: 'edited' }));
    await expect(skipHead(world, head, jo)).rejects.toThrow('was resumed or changed by somebody else meanwhile');
    expect(letters).toEqual([]);
  });
});

it('a message that lies wrapped in the bucket is skipped as it came, and its object goes', async () => {
  const bytes = randomBytes(600_000);
  await park(message('m-1', bodyOfBytes(bytes), { n: { dataType: 'Number.int', stringValue: '7' } }), 'broken');
  expect([...s3.objects.keys()]).toEqual([expect.stringContaining('parked/')]);
  const head = await headOf(world, 'K');
  expect(head.message.bytes?.equals(bytes)).toBe(true);
  expect(head.message.attributes).toEqual({ n: { dataType: 'Number.int', stringValue: '7' } });
  await skipHead(world, head, jo);
  expect(JSON.parse(letters[0]?.body ?? '')).toHaveProperty('wrappedMessage');
  expect([...s3.objects.keys()].filter((key) => key.includes('parked/'))).toEqual([]);
});

it('skipping a large message leaves another of the same contents as it is', async () => {
  const bytes = randomBytes(600_000);
  for (const id of ['m-1', 'm-2']) await park(message(id, bodyOfBytes(bytes)), 'broken');
  await skipHead(world, await headOf(world, 'K'), jo);
  const { row, message: next } = await headOf(world, 'K');
  expect([row.messageId, next.bytes?.equals(bytes)]).toEqual(['m-2', true]);
});

it('a message whose object is gone can be skipped', async () => {
  const body = JSON.stringify({
    wrappedMessage: { bucket: 'bucket', key: `parked/worker-${count}/x`, bytes: 1, sha256: 'x' },
  });
  await park(message('m-1', { body }), 'wrapped-missing');
  await skipHead(world, await headOf(world, 'K'), jo);
  expect(letters).toMatchObject([{ body, letter: { reason: 'wrapped-missing' } }]);
});

describe('editHead', () => {
  const original = bodyOf('e-1', { ticket: 7 });
  beforeEach(() =>
    park(message('m-1', { body: original }, { a: { dataType: 'Binary', binaryValue: 'AQI=' } }), 'invalid'),
  );

  it('stores another body with the attributes as they are, keeps the first beside it, and says who did it', async () => {
    const first = bodyOf('e-1', { ticket: 'K', text: 'once' });
    const second = bodyOf('e-1', { ticket: 'K', text: 'twice' });
    await edited(first);
    await edited(`${second}\n`);
    const [row] = await shown();
    expect(row).toMatchObject({
      ...{ body: second, edits: 2, attributes: { a: { dataType: 'Binary', binaryValue: 'AQI=' } } },
      original: { body: original, attributes: { a: { dataType: 'Binary', binaryValue: 'AQI=' } } },
    });
    const { changes } = await parkedKey(dynamodb(), world.consumer.place, 'K');
    expect(changes).toMatchObject([
      { what: 'edited', number: 1, eventId: 'e-1', by: 'jo' },
      { what: 'edited', number: 1, eventId: 'e-1', by: 'jo' },
    ]);
  });

  it.each([
    ['is not JSON', '{', 'the edited body cannot be read'],
    ['does not hold the schema', bodyOf('e-1', { ticket: 8 }), 'the edited body cannot be read'],
    ['is another event', bodyOf('e-9'), "the event's id is 'e-1' and must stay"],
    ['is the same', original, 'nothing to change'],
  ])('refuses a body that %s', async (_, body, why) => {
    await expect(edited(body)).rejects.toThrow(why);
    expect((await shown())[0]?.body).toBe(original);
  });

  it('does nothing when the message was edited or resumed since it was shown', async () => {
    const head = await headOf(world, 'K');
    const edit = await readEdit(world, head, bodyOf('e-1'), [TicketOpened]);
    await edited(bodyOf('e-1', { ticket: 'K', text: 'other' }));
    await expect(editHead(world, head, edit, 'jo')).rejects.toThrow('by somebody else meanwhile');
    await step();
    await expect(editHead(world, head, edit, 'jo')).rejects.toThrow('by somebody else meanwhile');
  });

  it('fits large bodies and their originals into an item', async () => {
    const large = (seed: number) =>
      Array.from({ length: 300_000 }, (_, i) => String.fromCharCode(97 + ((i * seed * i) % 26))).join('');
    await step();
    await park(message('m-2', { body: bodyOf('e-2', { ticket: large(3) }) }), 'invalid');
    const body = bodyOf('e-2', { ticket: 'K', text: large(5) });
    await edited(body);
    const head = await headOf(world, 'K');
    expect(head.message.body).toBe(body);
    const sizes = (await rowsOf()).map((row) => JSON.stringify(row).length);
    expect(Math.max(...sizes)).toBeLessThan(400_000);
  });
});

describe('what was shown is not what lies there any more', () => {
  const other = bodyOf('e-1', { ticket: 'K', text: 'other' });
  beforeEach(async () => {
    await park(message('m-1', { body: bodyOf('e-1') }), 'broken');
    await park(message('m-2', { body: bodyOf('e-2') }));
  });

  it('is said also when it happens between the two reads, whoever looks', async () => {
    const { aws } = world;
    let reads = 0;
    const racing: ChangeParked = {
      ...world,
      async aws(service, operation, input) {
        if (operation === 'GetItem' && ++reads === 2) await step();
        return aws(service, operation, input);
      },
    };
    const late = headOf(racing, 'K');
    await expect(late).rejects.toThrow(ParkedMeanwhile);
    await expect(late).rejects.toThrow("key 'K' of subscription");
    expect((await headOf(world, 'K')).eventId).toBe('e-2');
    await expect(headOf(world, 'another')).rejects.toThrow(NotParked);
  });

  describe.each<[string, () => Promise<unknown>]>([
    ['resumed', step],
    ['edited', () => edited(other)],
    ['edited, and edited back', async () => [await edited(other), await edited(bodyOf('e-1'))]],
    ['skipped to the end', async () => [await step(), await step()]],
  ])('%s by somebody else', (_, meanwhile) => {
    it.each<[string, (head: Awaited<ReturnType<typeof headOf>>) => Promise<unknown>]>([
      ['skipped', (head) => skipHead(world, head, jo)],
      ['dropped', (head) => skipHead(world, head, { ...jo, drop: true })],
      ['edited', (head) => editHead(world, head, { body: '{}', eventId: 'e-1', type: 't' }, 'jo')],
    ])('is not %s: nothing is sent, nothing changes', async (_, change) => {
      const head = await headOf(world, 'K');
      await meanwhile();
      const before = await rowsOf();
      await expect(change(head)).rejects.toThrow(/by somebody else meanwhile|no message waits under key 'K' any more/);
      expect(await rowsOf()).toEqual(before);
      expect(letters).toEqual([]);
    });
  });
});
