import { describe, expect, it } from 'vitest';
import {
  type Answer,
  ProviderBusy,
  ProviderDown,
  ProviderFailed,
} from '../../../lambdas/notifications/provider/provider.ts';
import { delivering } from '../../../lambdas/notifications/sending/deliver.ts';
import { type Envelope, envelope } from '../../../lib/contracts/events/envelope.ts';
import type { HandlerContext } from '../../../lib/runtime/consuming/handler.ts';
import { Defer, Outage } from '../../../lib/runtime/invocation/outcomes.ts';
import { NotificationRequested } from '../../../lib/systems/notifications/contract.ts';
import { eventIdOf } from '../../../lib/systems/notifications/request.ts';
import { notification } from './sample-notifications.ts';

const data = notification();

async function deliver(answer: () => Promise<Answer>, turn: () => Promise<void> = async () => undefined) {
  const done: string[] = [];
  const told: Envelope[] = [];
  const event = envelope(NotificationRequested, data, { id: eventIdOf(data), source: '/test', time: new Date(0) });
  const handler = delivering('email', {
    turn: async () => {
      await turn();
      done.push('turn');
    },
    provider: {
      send: (key) => {
        done.push(`send ${key}`);
        return answer();
      },
    },
    tellTriage: async (events) => void told.push(...events),
  });
  const { signal } = new AbortController();
  const context = { event, idempotencyKey: event.id, signal } as unknown as HandlerContext<typeof data>;
  const error = await handler(data, context).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { done, told, error };
}

const failing = (error: Error) => deliver(() => Promise.reject(error));

describe('a worker', () => {
  it('waits for its turn, then sends', async () => {
    const { done, told, error } = await deliver(async () => ({ status: 'sent', reference: 'r' }));
    expect(done).toEqual(['turn', 'send notifications/N1']);
    expect([told, error]).toEqual([[], undefined]);
  });

  it('asks nobody when there is no turn', async () => {
    const { done, error } = await deliver(
      async () => ({ status: 'sent', reference: 'r' }),
      () => Promise.reject(new Defer({ seconds: 2 })),
    );
    expect(done).toEqual([]);
    expect(error).toBeInstanceOf(Defer);
  });

  it('tells the triage what is undeliverable, always the same of the same, and is done', async () => {
    const refuse = () => deliver(async () => ({ status: 'refused', reason: 'unsubscribed' }));
    const [{ told, error }, again] = [await refuse(), await refuse()];
    expect(error).toBeUndefined();
    expect(told).toMatchObject([
      {
        id: 'notifications/N1/undeliverable',
        type: 'notifications.undeliverable',
        causationid: 'notifications/N1',
        data: { notificationId: 'N1', tenant: 'bank', user: 'bank-1', channel: 'email', reason: 'unsubscribed' },
      },
    ]);
    expect(again.told[0]).toMatchObject({ id: told[0]?.id, data: told[0]?.data });
  });

  it('comes again when the provider is busy, which is no failed try', async () => {
    const { error } = await failing(new ProviderBusy('too many'));
    expect(error).toBeInstanceOf(Defer);
  });

  it('tells the breaker when the provider is down', async () => {
    const { error } = await failing(new ProviderDown('refused'));
    expect(error).toBeInstanceOf(Outage);
    expect((error as Outage).dependency).toBe('email-provider');
  });

  it('has failed once when the provider has failed at this one', async () => {
    const { error } = await failing(new ProviderFailed('500'));
    expect(error).toBeInstanceOf(ProviderFailed);
  });
});
