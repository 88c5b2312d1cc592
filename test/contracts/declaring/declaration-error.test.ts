import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeclarationError, declareName } from '../../../lib/contracts/declaring/declaration-error.ts';

const errorOf = (act: () => unknown): Error => {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
};

describe('declareName', () => {
  it.each(['a', 'work', 'charge-card', 'v2', 'a1-b2-c3', 'a'.repeat(40)])('takes %s', (name) => {
    expect(() => declareName('queue', name)).not.toThrow();
  });

  it.each([
    ['Charge Card', 'charge-card'],
    ['chargeCard', 'chargecard'],
    ['charge_card', 'charge-card'],
    ['-work', 'work'],
    ['work-', 'work'],
    ['two--hyphens', 'two-hyphens'],
    ['2work', 'work'],
    ['', 'my-name'],
    ['+++', 'my-name'],
    ['a'.repeat(41), 'a'.repeat(40)],
  ])("refuses '%s' and proposes '%s'", (name, proposal) => {
    const error = errorOf(() => declareName('queue', name));
    expect(error).toBeInstanceOf(DeclarationError);
    expect(error.message).toBe(
      `queue '${name}': the name must be kebab-case (a-z, 0-9, single hyphens) and at most 40 characters. Write for example '${proposal}'.`,
    );
  });

  it('only proposes names that it takes itself', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 80, unit: fc.constantFrom(...'aZ9- _.é') }), (name) => {
        let message = '';
        try {
          declareName('queue', name);
          return;
        } catch (error) {
          message = (error as Error).message;
        }
        const proposal = /Write for example '([^']*)'/.exec(message)?.[1] ?? '';
        expect(() => declareName('queue', proposal)).not.toThrow();
      }),
      { numRuns: 500 },
    );
  });
});
