import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { type ProduceOptions, produce } from '../../bin/commands/produce.ts';
import { DEFAULT_ACCOUNT } from '../../lib/local/account/account.ts';
import type { EngineOptions } from '../../lib/local/engine.ts';
import { readSamples } from '../../lib/operations/systems/samples.ts';
import { shelfFor } from '../../lib/systems/orders/tools/samples.ts';
import { orders as samples } from '../../lib/systems/orders/tools/tools.ts';
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
async function shop(stage = 'dev', options: Partial<EngineOptions> = {}) {
  const code = `
    exports.handler = async ({ invoiceNo, country }) => {
      see(invoiceNo);
      if (country === 'Slow') await new Promise((resolve) => setTimeout(resolve, 1_500));
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
    options,
  );
  const url = engine.engine.url;
  const environment = { AWS_ENDPOINT_URL: url, AWS_REGION: REGION, AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x' };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const said = { out: [] as string[], err: [] as string[] };
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => said.out.push(String(text)) > 0);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.err.push(String(text)) > 0);
  const run = async (options: Partial<ProduceOptions> = {}, system = 'orders') => {
    const code = await produce(system, { stage, json: false, prepare: false, ...options });
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
  const { code, out, err } = await run({ file });
  expect(code).toBe(1);
  expect(out.split('\n').sort()).toEqual(
    ['accepted: 2', 'sent before: 1', '  refused, no stock: 2', '  refused, no way: 1', 'not JSON: 7', ''].sort(),
  );
  const [first, ...problems] = err.trimEnd().split('\n');
  expect(first).toBe(`Sending 6 orders: ${where}`);
  // The first five of what is broken.
  expect(problems.map((text) => /^line (\d+) is not JSON: /.exec(text)?.[1])).toEqual(['7', '8', '9', '10', '11']);
  expect(seen().sort()).toEqual(['1', '1', '2', '3', '4', '5']);
  const again = await run({ file: fileOf(...orders), json: true, count: 4 });
  expect(again.code).toBe(0);
  expect(JSON.parse(again.out)).toEqual({
    ...{ accepted: 2, duplicates: 1, refused: { 'no stock': 1 }, broken: 0, throttled: 0 },
    target: { account: ACCOUNT, region: REGION, endpoint: url },
  });
  expect((await run({ file: fileOf(order('9')) })).out).toBe('accepted: 1\n');
});

it('orders get numbers of their own, each run others, and begin again when more are asked for than there are', async () => {
  const { run, seen } = await shop();
  const file = fileOf(order('1'), order('2'));
  for (let n = 0; n < 2; n++) expect((await run({ file, ids: 'new', count: 5 })).out).toBe('accepted: 5\n');
  const numbers = seen();
  expect(new Set(numbers).size).toBe(10);
  expect(numbers.map((number) => number.replace(/-.*-/, ' ')).sort()).toEqual(
    ['1 1', '1 2', '1 3', '2 1', '2 2'].flatMap((number) => [number, number]),
  );
  // The samples: new unless they are to be the same.
  expect((await run({ count: 3 })).out).toBe('accepted: 3\n');
  expect((await run({ count: 3, ids: 'same' })).out).toBe('accepted: 3\n');
  expect(seen().slice(-3).sort()).toEqual(
    readSamples(samples)
      .slice(0, 3)
      .map(({ invoiceNo }) => invoiceNo)
      .sort(),
  );
});

it('an order whose function fails ends it', async () => {
  const { run } = await shop();
  await expect(run({ file: fileOf(order('1', 'Broken')) })).rejects.toThrow(/ failed: .*"no"/);
});

it('stock is what the orders ask for, and stays as it is the second time', async () => {
  const { run, where, url } = await shop();
  const file = fileOf(order('1'));
  const shelves = shelfFor([order('1')]).size;
  expect(await run({ file, prepare: true })).toEqual({
    ...{ code: 0, out: `added: ${shelves}\n`, err: `Preparing: ${where}\n` },
  });
  const again = await run({ file, json: true, prepare: true });
  expect(JSON.parse(again.out)).toEqual({ added: 0, target: { account: ACCOUNT, region: REGION, endpoint: url } });
  const all = shelfFor(readSamples(samples));
  const added = [...all.keys()].filter((sku) => !shelfFor([order('1')]).has(sku)).length;
  expect((await run({ prepare: true })).out).toBe(`added: ${added}\n`);
});

it('no more is read than is asked for', async () => {
  const { run, seen } = await shop();
  const file = fileOf(order('1'), order('2'), order('3'), '{ broken');
  const ended = await run({ file, count: 3 });
  expect(ended).toMatchObject({ code: 0, out: 'accepted: 3\n', err: expect.stringMatching(/^Sending 3 orders: /) });
  expect(await run({ file, count: 2 })).toMatchObject({ code: 0, out: 'accepted: 2\n' });
  expect(await run({ file, count: 4 })).toMatchObject({ code: 1, out: 'accepted: 3\nnot JSON: 1\n' });
  expect(seen()).toHaveLength(8);
});

it.each(['SIGINT', 'SIGTERM'] as const)(
  '%s ends it at the pace that was asked for, with what was placed until then',
  async (name) => {
    const { run, seen } = await shop();
    const ended = run({ file: fileOf(order('1'), order('2'), order('3')), rate: 0.001 });
    await vi.waitFor(() => expect(seen()).toEqual(['1']), { timeout: 10_000 });
    process.emit(name);
    expect(await ended).toMatchObject({ code: 130, out: 'accepted: 1\n' });
    process.removeAllListeners(name);
  },
);

it('as many are in work at once as a laptop takes, each is counted on a terminal', async () => {
  const { run } = await shop();
  const waiting: (() => void)[] = [];
  let most = 0;
  const server = createServer((request, response) => {
    request.resume();
    waiting.push(() =>
      response.end(JSON.stringify({ status: 'accepted', orderId: '1', sequence: 1, duplicate: false })),
    );
    most = Math.max(most, waiting.length);
    if (waiting.length === 16) for (const answer of waiting.splice(0)) answer();
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close().closeAllConnections());
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  vi.stubEnv('AWS_ENDPOINT_URL_LAMBDA', endpoint);
  Object.defineProperty(process.stderr, 'isTTY', { value: true, configurable: true });
  onTestFinished(() => void Reflect.deleteProperty(process.stderr, 'isTTY'));
  const orders = Array.from({ length: 32 }, (_, n) => order(String(n)));
  const { err, out } = await run({ file: fileOf(...orders) });
  expect(most).toBe(16);
  expect(out).toBe('accepted: 32\n');
  expect(err).toContain(`Sending 32 orders: account ${ACCOUNT}, region ${REGION}, at ${endpoint}\n`);
  expect(err).toMatch(/sending .* 32\/32/);
  expect(err.split('\u001B[?25l').length).toBe(err.split('\u001B[?25h').length);
});

it('an account with too few executions makes it slower, and is told; what is no throttle ends it at once', async () => {
  const account = {
    ...DEFAULT_ACCOUNT,
    lambda: { ...DEFAULT_ACCOUNT.lambda, concurrency: 1, unreserved: 0, freezes: false },
  };
  const { run, seen } = await shop('dev', { account });
  const orders = ['1', '2', '3', '4'].map((number) => order(number, 'Slow'));
  const { code, out } = await run({ file: fileOf(...orders) });
  expect(code).toBe(0);
  expect(out).toMatch(
    /^accepted: 4\nthrottled, and tried again: [1-9]\d* \(the account has too few executions, or a table takes no more: npx sluice quotas\)\n$/,
  );
  expect(seen().sort()).toEqual(['1', '2', '3', '4']);
  await expect(run({ file: fileOf(order('5', 'Broken')) })).rejects.toThrow('failed');
  expect(seen().filter((one) => one === '5')).toHaveLength(1);
});

it.each<[string, Partial<ProduceOptions>, string, string]>([
  [
    'a producer that the system has not',
    { producer: 'stock' },
    'orders',
    "system 'orders' has no sample producer 'stock' (it has: orders). Check the name.",
  ],
  ['a system that is not there', {}, 'nobody', "there is no system 'nobody' here (there are: orders"],
])('refuses %s before it asks anybody', async (_, options, system, text) => {
  vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:9');
  await expect(produce(system, { stage: 'dev', json: false, prepare: false, ...options })).rejects.toThrow(text);
});

it('sends the samples of the producer that is named', async () => {
  const { run, seen } = await shop();
  expect((await run({ producer: 'orders', file: fileOf(order('1')) })).out).toBe('accepted: 1\n');
  expect(seen()).toEqual(['1']);
});
