import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startOrders } from './orders-app.ts';
import { describeOrders } from './orders-scenarios.ts';

let app: Awaited<ReturnType<typeof startOrders>>;

beforeAll(async () => {
  app = await startOrders();
}, 60_000);
afterAll(() => app?.close());

describeOrders(() => app);

it.each([
  ['', 'Sending 0 orders', 'LAMBDA'],
  [' --prepare', 'Preparing', 'DYNAMODB'],
])(
  'produce orders%s says to whom it is about to write',
  async (more, note, service) => {
    const file = `${app.assembly}/none.ndjson`;
    await promisify(execFile)('touch', [file]);
    const args = [
      'bin/sluice.ts',
      'produce',
      'orders',
      ...more.split(' ').slice(1),
      '--file',
      file,
      '--stage',
      'test',
      '--json',
    ];
    const produce = async (environment: NodeJS.ProcessEnv = {}) => {
      const { stdout, stderr } = await promisify(execFile)(process.execPath, args, {
        env: { ...process.env, ...environment },
      });
      return { target: JSON.parse(stdout).target, stderr };
    };
    const target = { account: '000000000000', region: 'us-east-1', endpoint: app.engine.url };
    const told = await produce();
    expect(told.target).toEqual(target);
    expect(told.stderr).toContain(`${note}: account 000000000000, region us-east-1, at ${app.engine.url}\n`);
    // The stack is read here, but what is written goes there.
    const elsewhere = await produce({ [`AWS_ENDPOINT_URL_${service}`]: 'http://127.0.0.1:9' });
    expect(elsewhere.target).toEqual({ ...target, endpoint: 'http://127.0.0.1:9' });
  },
  30_000,
);

it('sample orders are new ones each time, unless they are to be the same', async () => {
  const produce = async (...more: string[]) => {
    const args = ['bin/sluice.ts', 'produce', 'orders', '--count', '3', '--stage', 'test', '--json', ...more];
    const { accepted, duplicates } = JSON.parse((await promisify(execFile)(process.execPath, args)).stdout);
    return { accepted, duplicates };
  };
  for (const more of [[], [], ['--ids', 'new'], ['--ids', 'same']])
    expect(await produce(...more)).toEqual({ accepted: 3, duplicates: 0 });
  expect(await produce('--ids', 'same')).toEqual({ accepted: 0, duplicates: 3 });
}, 60_000);
