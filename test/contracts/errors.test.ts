import { expect, it } from 'vitest';
import { DeclarationError, declareName } from '../../lib/contracts/declaring/declaration-error.ts';
import { hours } from '../../lib/contracts/declaring/duration.ts';
import { immediate } from '../../lib/contracts/declaring/retry.ts';
import { readEvent, UnreadableMessage, validate } from '../../lib/contracts/events/envelope.ts';
import { UpcastFailed } from '../../lib/contracts/events/upcast.ts';
import { opened, TicketOpened } from './sample-declarations.ts';

it.each([
  ['DeclarationError', () => new DeclarationError('a', 'b', 'c')],
  ['UnreadableMessage', () => new UnreadableMessage('broken-json', 'text')],
  ['UpcastFailed', () => new UpcastFailed('text')],
])('%s says its name: logs and dead letters group by it', (name, error) => {
  expect(error().name).toBe(name);
});

it('a body that is no JSON keeps what the parser said', () => {
  expect(() => readEvent('{', [TicketOpened])).toThrow(expect.objectContaining({ cause: expect.any(SyntaxError) }));
});

it('a schema that throws is no fault of the message, also where it is reached by an upcaster', () => {
  const fault = new RangeError('the schema is broken');
  const broken = {
    ...TicketOpened,
    version: 2,
    data: {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: () => {
          throw fault;
        },
      },
    },
    previous: [{ version: 1, data: TicketOpened.data, upcast: (data: unknown) => data }],
  };
  expect(() => readEvent(JSON.stringify(opened('A')), [broken])).toThrow(fault);
});

it.each([
  [['lines', 0, 'sku'], 'lines.0.sku: bad'],
  [[{ key: 'lines' }, { key: 0 }], 'lines.0: bad'],
  [undefined, 'bad'],
])('the field that is wrong is named: %j', (path, said) => {
  const issues = [{ message: 'bad', ...(path === undefined ? {} : { path }) }];
  const data = { '~standard': { version: 1 as const, vendor: 'test', validate: () => ({ issues }) } };
  expect(() => validate({ type: 'a.b', data }, {})).toThrow(`the data of 'a.b' is invalid: ${said}`);
});

it('units are named: a duration that is none says of what', () => {
  expect(() => hours(-1)).toThrow('a duration must be a number of hours that is 0 or more (given -1)');
});

it('retries at once have no growth', () => {
  expect(immediate({ attempts: 2 }).growth).toBe('fixed');
});

it('a name that ends in hyphens is offered without them', () => {
  expect(() => declareName('queue', 'Work--')).toThrow("Write for example 'work'");
});
