import { describe, expect, it } from 'vitest';
import type { ParkedWorld } from '../../bin/apps/parked-world.ts';
import { parkedSkip } from '../../bin/commands/change-parked.ts';
import { parkedList, parkedResume, parkedShow } from '../../bin/commands/parked.ts';
import { shop, WHERE } from './parked-shop.ts';

describe('parked resume', () => {
  const all = { ...WHERE, json: true, all: true, yes: true };

  it.each([
    ['all flow again', ['good-1', 'good-2'], 0],
    ['the last stays', ['good-1', 'bad-1'], 1],
    ['the first stays', ['bad-1', 'good-1'], 1],
    ['none flows', ['bad-1', 'bad-2'], 1],
    ['nothing is parked', [], 0],
  ])('ends with the code for: %s', async (_, keys, code) => {
    const { park, world, printed, asked } = await shop();
    for (const key of keys) await park('bills', key);
    await park('mails', 'good-other');
    expect(await parkedResume('bills', undefined, all, world())).toBe(code);
    // One after the other, and every one of them, whatever became of the one before.
    expect(asked()).toEqual(keys);
    const result = JSON.parse(printed.at(-1) ?? '') as { keys: { key: string; released: boolean }[] };
    expect(result.keys.map(({ key, released }) => [key, released])).toEqual(
      keys.map((key) => [key, key.startsWith('good')]),
    );
  });

  it('takes the key that is named, and no other', async () => {
    const { park, world, asked } = await shop();
    for (const key of ['good-1', 'good-2', 'bad-1']) await park('bills', key);
    const one = { ...all, all: false };
    expect(await parkedResume('bills', 'good-2', one, world())).toBe(0);
    expect(await parkedResume('bills', 'bad-1', one, world())).toBe(1);
    expect(asked()).toEqual(['good-2', 'bad-1']);
    await expect(parkedResume('bills', 'gone', one, world())).rejects.toThrow("nothing is parked under key 'gone'");
  });

  it.each([
    ['neither a key nor all', undefined, false, 'name a key, or say --all (given neither)'],
    ['both', 'good-1', true, 'name a key, or say --all (given both)'],
  ])('refuses %s, and touches nothing', async (_, key, isAll, text) => {
    const { park, world, asked, questions } = await shop();
    await park('bills', 'good-1');
    await expect(parkedResume('bills', key, { ...all, all: isAll }, world(true))).rejects.toThrow(text);
    expect([asked(), questions]).toEqual([[], []]);
  });

  it.each([
    [true, 0, ['good-1', 'good-2']],
    [false, 1, []],
  ])('asks before, with how much it is: agreed %s', async (agrees, code, resumed) => {
    const { park, world, asked, questions, printed } = await shop();
    await park('bills', 'good-1', 2);
    await park('bills', 'good-2');
    expect(await parkedResume('bills', undefined, { ...all, json: false, yes: false }, world(agrees))).toBe(code);
    expect(questions).toEqual(["Resume 3 messages under 2 keys of 'bills'?"]);
    expect(asked()).toEqual(resumed);
    expect(printed[0]).toMatch(/good-1 +2 [\s\S]*good-2 +1 /);
    expect(printed.slice(1)).toEqual(resumed.map((key) => `${key}: 1 message handled, the key flows again`));
  });

  it('ends as interrupted, with what is left still parked', async () => {
    const { park, world, printed, asked } = await shop();
    for (const key of ['good-1', 'good-2']) await park('bills', key);
    const interrupt: ParkedWorld = {
      ...world(),
      confirm: () => {
        process.emit('SIGINT');
        return Promise.resolve(true);
      },
    };
    const options = { ...all, json: false, yes: false };
    expect(await parkedResume('bills', undefined, options, interrupt)).toBe(130);
    expect(asked()).toEqual([]);
    expect(printed.slice(1)).toEqual(
      ['good-1', 'good-2'].map((key) => `${key}: 0 messages handled, interrupted; the key is still parked`),
    );
  });

  it('tells a key that stays parked, with where and why', async () => {
    const { park, world, printed } = await shop();
    await park('bills', 'bad-1');
    expect(await parkedResume('bills', 'bad-1', { ...all, json: false, all: false }, world())).toBe(1);
    expect(printed.at(-1)).toBe('bad-1: 0 messages handled, still parked: message 1 fails: broken (still)');
  });
});

describe('parked list and show', () => {
  it('list one subscription or every one, and say so when it is neither', async () => {
    const { park, world, printed } = await shop();
    await park('bills', 'one', 2);
    await park('mails', 'two');
    const options = { ...WHERE, json: true, all: false };
    const keys = () =>
      (
        JSON.parse(printed.at(-1) ?? '') as { subscriptions: { subscription: string; keys: { key: string }[] }[] }
      ).subscriptions.map((one) => [one.subscription, one.keys.map(({ key }) => key)]);
    expect(await parkedList('mails', options, world())).toBe(0);
    expect(keys()).toEqual([['mails', ['two']]]);
    expect(await parkedList(undefined, { ...options, all: true }, world())).toBe(0);
    expect(keys()).toEqual([
      ['bills', ['one']],
      ['mails', ['two']],
    ]);
    await expect(parkedList(undefined, options, world())).rejects.toThrow('(given neither)');
    await expect(parkedList('mails', { ...options, all: true }, world())).rejects.toThrow('(given both)');
    // A name is the whole of it: neither the end of another one nor its beginning.
    for (const name of ['other', 'ills', 'shop-bills', 'bill', 'bills-2', ''])
      await expect(parkedList(name, options, world())).rejects.toThrow(
        `subscription '${name}' has no consumer in stack 'shop' (it has: bills, mails)`,
      );
  });

  it('shows as many messages as asked for, and how many more there are; bodies only when asked for', async () => {
    const { park, world, printed } = await shop();
    await park('bills', 'one', 3);
    const options = { ...WHERE, json: false, limit: 2, bodies: false };
    expect(await parkedShow('bills', 'one', options, world())).toBe(0);
    expect(printed[0]).toMatch(/one-1[\s\S]*one-2/);
    expect(printed.join()).not.toMatch(/one-3|"type"/);
    expect(printed[1]).toBe('and 1 more; --limit shows them');
    printed.length = 0;
    await parkedShow('bills', 'one', { ...options, limit: 3, bodies: true }, world());
    expect(printed).toHaveLength(1);
    expect(printed[0]).toContain('{"id":"one-3","type":"shop.billed"}');
  });
});

it.each([
  ['yes', { yes: true }, false, 0, 0],
  ['agreed', { yes: false }, true, 0, 1],
  ['not agreed', { yes: false }, false, 1, 1],
])('parked skip ends with the code for: %s', async (_, options, agrees, code, asked) => {
  const { park, world, printed, questions } = await shop();
  await park('bills', 'one', 3);
  const skipped = await parkedSkip(
    'bills',
    'one',
    { ...WHERE, json: false, drop: true, by: 'jo', ...options },
    world(agrees),
  );
  expect([skipped, questions.length]).toEqual([code, asked]);
  await parkedShow('bills', 'one', { ...WHERE, json: true, limit: 9, bodies: false }, world());
  expect(JSON.parse(printed.at(-1) ?? '')).toMatchObject({ messages: code === 0 ? 2 : 3 });
});
