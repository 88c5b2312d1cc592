import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { knownTries, NO_TRIES, tableTries } from '../../../lib/runtime/control/tries.ts';
import { lambda, type Runtime } from '../../../lib/runtime/invocation/runtime.ts';
import type { Message } from '../../../lib/runtime/messages/message.ts';
import { createInboxTable, itemsOf, useLocalServices } from '../local-services.ts';

useLocalServices();

const TABLE = 'tries';
const NOW = 1_763_625_600_900;
let count = 0;
let name: string;

beforeAll(() => createInboxTable(TABLE));
beforeEach(() => {
  count += 1;
  name = `worker-${count}`;
});

const triesOf = (id: Runtime['id'] = lambda.id) =>
  tableTries(TABLE, { name }, 1_000, { ...lambda, id, now: () => NOW });
const message = (id: string): Message => ({
  ...{ id, body: '', unit: undefined, source: 'test', receives: 2, firstReceived: 0, attributes: {} },
});
const itemOf = async (id: string) => (await itemsOf(TABLE)).find(({ pk }) => pk === `attempts!${name}#${id}`);

describe('failed tries', () => {
  it('are counted per message, and forgotten when it cannot live any more', async () => {
    const tries = triesOf();
    expect(await tries.failed(message('m-1'))).toBe(1);
    expect(await tries.failed(message('m-1'))).toBe(2);
    expect(await tries.failed(message('m-2'))).toBe(1);
    expect(await itemOf('m-1')).toMatchObject({ expiresAt: 1_763_625_600 + 1_000 });
    expect(knownTries(await itemOf('m-1'))).toEqual({ failed: 2, noted: true });
  });

  it('count once however often the call is made again for a lost answer', async () => {
    const tries = triesOf(() => 'the same call');
    await tries.failed(message('m-1'));
    expect(await tries.failed(message('m-1'))).toBe(1);
  });

  it('go with the decision', async () => {
    const tries = triesOf();
    await tries.failed(message('m-1'));
    await tries.forget(message('m-1'));
    expect(await itemOf('m-1')).toBe(undefined);
    expect(knownTries(undefined)).toEqual(NO_TRIES);
  });
});

describe('a message that is under way', () => {
  it('is marked until its try is counted', async () => {
    const tries = triesOf();
    await tries.starts(message('m-1'), NOW + 5, true);
    expect(knownTries(await itemOf('m-1'))).toEqual({ failed: 0, noted: true, startedUntil: NOW + 5, alone: true });
    expect(await tries.failed(message('m-1'))).toBe(1);
    expect(knownTries(await itemOf('m-1'))).toEqual({ failed: 1, noted: true });
  });

  it('is marked no longer when nothing came of it, and nothing is made of a message that is decided', async () => {
    const tries = triesOf();
    await tries.starts(message('m-1'), NOW + 5, false);
    await tries.ended(message('m-1'));
    expect(knownTries(await itemOf('m-1'))).toEqual({ failed: 0, noted: true });
    await tries.ended(message('m-2'));
    expect(await itemOf('m-2')).toBe(undefined);
  });

  it('has failed once when the function ended under it, whoever finds out', async () => {
    const tries = triesOf();
    await tries.starts(message('m-1'), NOW - 5, true);
    const found = await Promise.all([tries.crashed(message('m-1'), NOW - 5), tries.crashed(message('m-1'), NOW - 5)]);
    expect(found.toSorted()).toEqual([1, undefined]);
    expect(knownTries(await itemOf('m-1'))).toEqual({ failed: 1, noted: true });
  });
});
