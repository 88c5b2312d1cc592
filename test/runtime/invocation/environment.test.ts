import { describe, expect, it } from 'vitest';
import { queue } from '../../../lib/contracts/channels/queue.ts';
import { minutes, seconds } from '../../../lib/contracts/declaring/duration.ts';
import { subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import { reserveMillis } from '../../../lib/runtime/invocation/deadline.ts';
import { MissingEnvironment, requiredEnv } from '../../../lib/runtime/invocation/environment.ts';
import { toError } from '../../../lib/runtime/invocation/outcomes.ts';
import { events } from '../../contracts/sample-declarations.ts';

describe('requiredEnv', () => {
  it('reads a variable', () => {
    expect(requiredEnv('TABLE', 'which table', () => 'orders')).toBe('orders');
  });

  it.each([undefined, ''])('names variable, purpose and fix when it is %o', (value) => {
    const read = () => requiredEnv('TABLE', 'which table keeps the orders', () => value);
    expect(read).toThrow(MissingEnvironment);
    expect(read).toThrow(
      'environment variable TABLE is not set: it says which table keeps the orders. The Sluice constructs set it; when you run the function by hand, set it yourself.',
    );
  });
});

describe('toError', () => {
  const error = new Error('as it is');

  it.each([
    [error, 'as it is'],
    [undefined, 'something that is not an Error was thrown: undefined'],
    [null, 'something that is not an Error was thrown: null'],
    ['text', "something that is not an Error was thrown: 'text'"],
    [Symbol('s'), 'something that is not an Error was thrown: Symbol(s)'],
    [{ code: 7 }, 'something that is not an Error was thrown: { code: 7 }'],
    [Object.create(null), 'something that is not an Error was thrown: [Object: null prototype] {}'],
  ])('makes an error of %s', (thrown, message) => {
    const made = toError(thrown);
    expect(made).toBeInstanceOf(Error);
    expect(made.message).toBe(message);
    if (thrown !== error) expect(made.cause).toBe(thrown);
  });
});

describe('reserveMillis', () => {
  const work = queue('work', { events });

  it.each([
    ['a fifth of a short timeout', seconds(5), 1_000],
    ['3 s at most', minutes(15), 3_000],
  ])('is %s', (_, timeout, expected) => {
    expect(reserveMillis(subscription('worker', { to: work, timeout }))).toBe(expected);
  });
});
