import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type ProduceOptions, produceOrders, produceStock } from '../../bin/commands/produce.ts';
import { readSamples, shelfFor, withCancelledOrders } from '../../lib/systems/orders/tools/samples.ts';
import { ACCOUNT, lambda, REGION, start, temporaryDirectory, writeAssembly } from '../local/engine/support.ts';
import { request } from '../systems/orders/sample-requests.ts';
import { openConnections } from './open-connections.ts';

let open: () => string[];
beforeEach(() => {
  open = openConnections();
});
afterEach(() => {
  expect(open(), 'whatever a command opens it closes').toEqual([]);
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** A shop that answers by an order's country, and shelves. */
async function shop(stage = 'dev') {
  const code = `
    exports.handler = async ({ invoiceNo, country }) => {
      see(invoiceNo);
      if (country === 'Broken') throw new Error('no');
      if (country.startsWith('no ')) return { status: 'refused', reason: country, message: 'no' };
      return { status: 'accepted', orderId: invoiceNo, sequence: 1, duplicate: country === 'again' };
    };`;
  const engine = await start(
    writeAssembly(
      {
        ...lambda('Place', code),
        Shelves: {
          Type: 'AWS::DynamoDB::Table',
          Properties: {
            ...{ TableName: 'shelves', BillingMode: 'PAY_PER_REQUEST' },
            AttributeDefinitions: [{ AttributeName: 'sku', AttributeType: 'S' }],
            KeySchema: [{ AttributeName: 'sku', KeyType: 'HASH' }],
          },
        },
      },
      { Outputs: { PlaceOrderFunction: { Value: { Ref: 'Place' } }, StockTable: { Value: { Ref: 'Shelves' } } } },
      `sluice-${stage}-orders`,
    ),
  );
  const url = engine.engine.url;
  const environment = { AWS_ENDPOINT_URL: url, AWS_REGION: REGION, AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x' };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const said = { out: [] as string[], err: [] as string[] };
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => said.out.push(String(text)) > 0);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.err.push(String(text)) > 0);
  const run = async (command: typeof produceOrders, options: Partial<ProduceOptions> = {}) => {
    const code = await command({ stage, json: false, ...options });
    return { code, out: said.out.splice(0).join(''), err: said.err.splice(0).join('') };
  };
  const seen = () => engine.seen('Place').map(String);
  return { run, seen, where: `account ${ACCOUNT}, region ${REGION}, at ${url}`, url };
}

function fileOf(...lines: readonly (object | string)[]): string {
  const file = join(temporaryDirectory(), 'orders');
  writeFileSync(file, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'));
  return file;
}
const order = (invoiceNo: string, country = 'France') => request({ invoiceNo, country });

it('orders of a file go as they stand, and what became of them is counted', async () => {
  const { run, seen, where, url } = await shop('test');
  const orders = [
    order('1'),
    order('1', 'again'),
    order('2'),
    order('3', 'no stock'),
    order('4', 'no stock'),
    order('5', 'no way'),
  ];
  const broken = Array.from({ length: 7 }, (_, n) => `{ ${n}`);
  const file = fileOf(...orders, ...broken);
  const { code, out, err } = await run(produceOrders, { file });
  expect(code).toBe(1);
  expect(out.split('\n').sort()).toEqual(
    ['accepted: 2', 'placed before: 1', '  refused, no stock: 2', '  refused, no way: 1', 'not JSON: 7', ''].sort(),
  );
  const [first, ...problems] = err.trimEnd().split('\n');
  expect(first).toBe(`Placing 6 orders: ${where}`);
  // The first five of what is broken.
  expect(problems.map((text) => /^line (\d+) is not JSON: /.exec(text)?.[1])).toEqual(['7', '8', '9', '10', '11']);
  expect(seen().sort()).toEqual(['1', '1', '2', '3', '4', '5']);
  const again = await run(produceOrders, { file: fileOf(...orders), json: true, count: 4 });
  expect(again.code).toBe(0);
  expect(JSON.parse(again.out)).toEqual({
    ...{ accepted: 2, duplicates: 1, refused: { 'no stock': 1 }, broken: 0 },
    target: { account: ACCOUNT, region: REGION, endpoint: url },
  });
  expect((await run(produceOrders, { file: fileOf(order('9')) })).out).toBe('accepted: 1\n');
});

it('orders get numbers of their own, each run others, and begin again when more are asked for than there are', async () => {
  const { run, seen } = await shop();
  const file = fileOf(order('1'), order('2'));
  for (let n = 0; n < 2; n++)
    expect((await run(produceOrders, { file, ids: 'new', count: 5 })).out).toBe('accepted: 5\n');
  const numbers = seen();
  expect(new Set(numbers).size).toBe(10);
  expect(numbers.map((number) => number.replace(/-.*-/, ' ')).sort()).toEqual(
    ['1 1', '1 2', '1 3', '2 1', '2 2'].flatMap((number) => [number, number]),
  );
  // The samples: new unless they are to be the same.
  expect((await run(produceOrders, { count: 3 })).out).toBe('accepted: 3\n');
  expect((await run(produceOrders, { count: 3, ids: 'same' })).out).toBe('accepted: 3\n');
  expect(seen().slice(-3).sort()).toEqual(
    readSamples()
      .slice(0, 3)
      .map(({ invoiceNo }) => invoiceNo)
      .sort(),
  );
});

it('an order whose function fails ends it', async () => {
  const { run } = await shop();
  await expect(run(produceOrders, { file: fileOf(order('1', 'Broken')) })).rejects.toThrow(/ failed: .*"no"/);
});

it('stock is what the orders ask for, and stays as it is the second time', async () => {
  const { run, where, url } = await shop();
  const file = fileOf(order('1'));
  const shelves = shelfFor([order('1')]).size;
  expect(await run(produceStock, { file })).toEqual({
    ...{ code: 0, out: `shelves added: ${shelves}\n`, err: `Filling the shelf: ${where}\n` },
  });
  const again = await run(produceStock, { file, json: true });
  expect(JSON.parse(again.out)).toEqual({ added: 0, target: { account: ACCOUNT, region: REGION, endpoint: url } });
  const samples = shelfFor(withCancelledOrders(readSamples()));
  const added = [...samples.keys()].filter((sku) => !shelfFor([order('1')]).has(sku)).length;
  expect((await run(produceStock)).out).toBe(`shelves added: ${added}\n`);
});
