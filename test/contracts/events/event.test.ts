import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { DeclarationError } from '../../../lib/contracts/declaring/declaration-error.ts';
import { event, schemaUri } from '../../../lib/contracts/events/event.ts';

const shape = { version: 1, data: v.object({ id: v.string() }), key: ({ id }: { id: string }) => id };

describe('event', () => {
  it('keeps what was declared, and names its schema with type and version', () => {
    const declared = event('orders.order-placed', { ...shape, version: 3 });
    expect(declared).toMatchObject({ type: 'orders.order-placed', version: 3 });
    expect(declared.key({ id: 'A1' })).toBe('A1');
    expect(schemaUri(declared)).toBe('urn:sluice:orders.order-placed:v3');
  });

  it.each(['orders', 'Orders.placed', 'orders.', '.placed', 'orders..placed', 'orders.Placed', 'orders.order placed'])(
    "refuses the type '%s'",
    (type) => {
      expect(() => event(type, shape)).toThrow(
        new DeclarationError(
          `event '${type}'`,
          'the type must be dotted and lower-case',
          "Write for example 'orders.order-placed'",
        ),
      );
    },
  );

  it.each([0, -1, 1.5, Number.NaN])('refuses version %d', (version) => {
    expect(() => event('orders.placed', { ...shape, version })).toThrow(
      `event 'orders.placed': version must be a whole number from 1 (given ${version}). Write version: 1 for the first shape of the data.`,
    );
  });

  it('refuses an event without a key, which JavaScript lets through', () => {
    const keyless = { ...shape, key: undefined } as unknown as typeof shape;
    expect(() => event('orders.placed', keyless)).toThrow(/^event 'orders\.placed': a key function is needed/);
  });
});
