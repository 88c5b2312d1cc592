import { describe, expect, it } from 'vitest';
import { type Behaviour, behaviourOf, refusalOf } from '../../../lambdas/notifications/provider/behaviour.ts';
import {
  ProviderBusy,
  ProviderDown,
  ProviderFailed,
  ProviderTimeout,
  simulatedProvider,
} from '../../../lambdas/notifications/provider/provider.ts';
import type { Dynamodb } from '../../../lib/runtime/aws/dynamodb.ts';
import { notification } from './sample-notifications.ts';

const SEED = 'sluice';
const KEYS = Array.from({ length: 20_000 }, (_, i) => `notifications/K${i}`);

describe('the simulated providers', () => {
  it.each<[Behaviour, number]>([
    ['deliver', 0.979],
    ['error-once', 0.01],
    ['no-answer', 0.004],
    ['lost-answer', 0.002],
    ['error-always', 0.005],
  ])('%s a share of about %d', (behaviour, share) => {
    const count = KEYS.filter((key) => behaviourOf(SEED, key) === behaviour).length;
    expect(Math.abs(count / KEYS.length - share)).toBeLessThan(0.003);
  });

  it('refuse users by channel, always the same', () => {
    const refused = KEYS.filter((user) => refusalOf(SEED, 'email', user) !== undefined);
    expect(refused.length / KEYS.length).toBeCloseTo(0.03, 2);
    const again = KEYS.filter((user) => refusalOf(SEED, 'email', user) !== undefined);
    expect(again).toEqual(refused);
    expect(refused.some((user) => refusalOf(SEED, 'sms', user) === undefined)).toBe(true);
  });
});

/** As much of a table as the providers use. */
function tableOf(items: Record<string, Record<string, unknown>> = {}) {
  const dynamodb = (async (operation: string, input: Input) => {
    const key = input.Key.key;
    if (operation === 'GetItem') return { Item: items[key] };
    const item: Record<string, unknown> = { ...items[key] };
    items[key] = item;
    const values = input.ExpressionAttributeValues ?? {};
    for (const [, name = '', value = ''] of (input.UpdateExpression ?? '').matchAll(/(\w+) (:\w+)/g)) {
      const added = values[value];
      item[name] =
        added instanceof Set
          ? new Set([...((item[name] as Set<number>) ?? []), ...added])
          : Number(item[name] ?? 0) + Number(added);
    }
    return { Attributes: item };
  }) as unknown as Dynamodb;
  return { items, dynamodb };
}

interface Input {
  readonly Key: { readonly key: string };
  readonly UpdateExpression?: string;
  readonly ExpressionAttributeValues?: Readonly<Record<string, unknown>>;
}

const keyWith = (behaviour: Behaviour): string => KEYS.find((key) => behaviourOf(SEED, key) === behaviour) ?? '';
const reachable = notification({ user: KEYS.find((user) => refusalOf(SEED, 'email', user) === undefined) ?? '' });

function provider({ perSecond = 100, now = 5_000, items = {} as Record<string, Record<string, unknown>> } = {}) {
  const table = tableOf(items);
  let time = now - 1;
  const clock = () => {
    time += 1;
    return time;
  };
  const options = { table: 'provider', channel: 'email', lane: 'bulk', perSecond, seed: SEED } as const;
  return { ...table, send: simulatedProvider(options, { dynamodb: table.dynamodb, now: clock }).send };
}

describe('a provider', () => {
  it('sends, and keeps a book of it', async () => {
    const { send, items } = provider();
    const key = keyWith('deliver');
    expect(await send(key, reachable)).toEqual({ status: 'sent', reference: `email-${key}` });
    expect(items[`email/${key}`]).toMatchObject({ asked: new Set([5_000]), sent: new Set([5_000]) });
  });

  it('takes no idempotency key: what is asked for twice is sent twice', async () => {
    const { send, items } = provider();
    const key = keyWith('deliver');
    await send(key, reachable);
    await send(key, reachable);
    expect(items[`email/${key}`]?.sent).toHaveProperty('size', 2);
  });

  it.each([
    ['error-once', ProviderFailed, 1],
    ['no-answer', ProviderTimeout, 1],
    ['lost-answer', ProviderTimeout, 2],
  ] as const)('%s: fails first and sends then', async (behaviour, error, sendings) => {
    const { send, items } = provider();
    const key = keyWith(behaviour);
    await expect(send(key, reachable)).rejects.toBeInstanceOf(error);
    expect(await send(key, reachable)).toMatchObject({ status: 'sent' });
    const { sent, unanswered = new Set() } = items[`email/${key}`] as Record<string, Set<number>>;
    expect(sent?.size).toBe(sendings);
    // The book says which repetition is the provider's own.
    expect(unanswered.size).toBe(sendings - 1);
  });

  it('fails at some whenever it is asked', async () => {
    const { send, items } = provider();
    const key = keyWith('error-always');
    for (let i = 0; i < 3; i++) await expect(send(key, reachable)).rejects.toBeInstanceOf(ProviderFailed);
    expect(items[`email/${key}`]).not.toHaveProperty('sent');
  });

  it.each(['bad-address', 'unsubscribed'] as const)('refuses for good: %s', async (reason) => {
    const { send, items } = provider();
    const user = KEYS.find((one) => refusalOf(SEED, 'email', one) === reason) ?? '';
    expect(await send('notifications/K1', notification({ user }))).toEqual({ status: 'refused', reason });
    expect(items['email/notifications/K1']).not.toHaveProperty('sent');
  });

  it('takes no more than its rate in a second, and sends nothing beyond', async () => {
    const { send, items } = provider({ perSecond: 2 });
    const keys = KEYS.filter((key) => behaviourOf(SEED, key) === 'deliver').slice(0, 3);
    const answers = await Promise.allSettled(keys.map((key) => send(key, reachable)));
    const refused = answers.findIndex(({ status }) => status === 'rejected');
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect((answers[refused] as PromiseRejectedResult).reason).toBeInstanceOf(ProviderBusy);
    expect(items[`email/${keys[refused]}`]).toBeUndefined();
  });

  it.each([
    ['is down until it is up', 5_001, ProviderDown],
    ['is up again', 5_000, undefined],
  ])('%s', async (_, until, error) => {
    const { send } = provider({ items: { 'outage!email': { until } } });
    const answer = send(keyWith('deliver'), reachable);
    if (error === undefined) await expect(answer).resolves.toMatchObject({ status: 'sent' });
    else await expect(answer).rejects.toBeInstanceOf(error);
  });
});
