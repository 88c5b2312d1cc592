import { afterEach, beforeEach, expect, vi } from 'vitest';
import type { ParkedWorld } from '../../bin/apps/parked-world.ts';
import { ENV } from '../../lib/contracts/agreed/environment.ts';
import { INBOX_TABLE } from '../../lib/contracts/agreed/tables.ts';
import { tableParking } from '../../lib/runtime/dead-letters/parking.ts';
import { lambda as runtime } from '../../lib/runtime/invocation/runtime.ts';
import { lambda, queue, REGION, start, writeAssembly } from '../local/engine/support.ts';
import { openConnections } from './open-connections.ts';

const TABLE = 'parked-inbox';
export const WHERE = { stack: 'shop', stage: 'dev' };

/** Two consumers that park, and a function that is none; what they do with a key is in its name. */
export async function shop() {
  const code = `exports.handler = async ({ resume: { key } }) => {
    see(key);
    if (key.startsWith('good')) return { resumed: 1, released: true };
    if (key.startsWith('dies')) throw new Error('out of paper');
    if (key.startsWith('silent')) return { resumed: 0, released: false, failed: { number: 1, reason: 'broken', message: '' } };
    return { resumed: 0, released: false, failed: { number: 1, reason: 'broken', message: 'still' } };
  };`;
  const consumer = (id: string) =>
    lambda(id, code, {
      FunctionName: `shop-${id}`,
      Environment: { Variables: { [ENV.inboxTable]: TABLE, [ENV.deadLetterQueue]: { Ref: 'Dead' } } },
    });
  const keys = { AttributeDefinitions: [{ AttributeName: INBOX_TABLE.partitionKey, AttributeType: 'S' }] };
  const engine = await start(
    writeAssembly(
      {
        Inbox: {
          Type: 'AWS::DynamoDB::Table',
          Properties: {
            ...{ TableName: TABLE, BillingMode: 'PAY_PER_REQUEST', ...keys },
            KeySchema: [{ AttributeName: INBOX_TABLE.partitionKey, KeyType: 'HASH' }],
          },
        },
        ...queue('Dead'),
        ...consumer('bills'),
        ...consumer('mails'),
        ...lambda('other', 'exports.handler = async () => 1;', { FunctionName: 'shop-other' }),
      },
      {},
      'shop',
    ),
  );
  vi.stubEnv('AWS_ENDPOINT_URL', engine.engine.url);
  for (const [name, value] of Object.entries({
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
  }))
    vi.stubEnv(name, value);
  const printed: string[] = [];
  const questions: string[] = [];
  return {
    printed,
    questions,
    /** What the functions were asked to resume. */
    asked: () => [...engine.seen('bills'), ...engine.seen('mails')],
    world: (agrees = false, systems: ParkedWorld['systems'] = []): ParkedWorld => ({
      systems,
      print: (text) => void printed.push(text),
      confirm: (question) => Promise.resolve(questions.push(question) > 0 && agrees),
    }),
    async park(
      subscription: string,
      key: string,
      messages = 1,
      bodyOf = (n: number) => JSON.stringify({ id: `${key}-${n}`, type: 'shop.billed' }),
    ) {
      for (let n = 1; n <= messages; n++) {
        await tableParking(TABLE, { name: subscription }, runtime).park(
          key,
          { id: `m-${n}`, body: bodyOf(n), unit: key, source: 'test', receives: 1, firstReceived: 0, attributes: {} },
          n === 1 ? 'broken' : undefined,
        );
      }
    },
  };
}

/** The commands listen for Ctrl-C as long as their process lives. */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
let open: () => string[];
let before: readonly (readonly [name: (typeof SIGNALS)[number], listeners: readonly unknown[]])[];
beforeEach(() => {
  open = openConnections();
  before = SIGNALS.map((name) => [name, process.listeners(name)] as const);
});
afterEach(() => {
  for (const [name, listeners] of before)
    for (const one of process.listeners(name)) if (!listeners.includes(one)) process.off(name, one);
  expect(open(), 'whatever a command opens it closes').toEqual([]);
});
