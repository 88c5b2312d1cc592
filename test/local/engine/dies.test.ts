import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { expect, onTestFinished, test } from 'vitest';
import type { JsonObject } from '../../../lib/local/json.ts';
import { lambda, REGION, start, writeAssembly } from './support.ts';

/** What functions die of outside of their promise, and the name and words that the answer must have. */
const DEATHS: Readonly<Record<string, readonly [code: string, expected: JsonObject]>> = {
  Timer: ["setTimeout(() => { throw new RangeError('late'); });", { errorType: 'RangeError', errorMessage: 'late' }],
  OwnClass: [
    "setTimeout(() => { throw Object.assign(new Error('own'), { name: 'OutOfStock' }); });",
    { errorType: 'OutOfStock', errorMessage: 'own' },
  ],
  Text: ["setTimeout(() => { throw 'a text'; });", { errorType: 'string', errorMessage: 'a text' }],
  Nothing: ['setTimeout(() => { throw undefined; });', { errorType: 'undefined' }],
  Emitter: [
    "new (require('node:events'))().emit('error', new TypeError('nobody listens'));",
    { errorType: 'TypeError', errorMessage: 'nobody listens' },
  ],
  // Without the runtime's own listener the thread itself says what it died of.
  NoListener: [
    "process.removeAllListeners('uncaughtException'); setTimeout(() => { throw new RangeError('alone'); });",
    { errorType: 'RangeError', errorMessage: 'alone', trace: ['RangeError: alone'] },
  ],
  Unreadable: [
    "setTimeout(() => { throw Object.defineProperty(new Error(), 'message', { get() { throw new TypeError('worse'); } }); });",
    { errorType: 'TypeError', errorMessage: 'worse' },
  ],
  Rejected: [
    "Promise.reject(new RangeError('forgotten'));",
    { errorType: 'Runtime.UnhandledPromiseRejection', errorMessage: 'RangeError: forgotten' },
  ],
  Memory: [
    'const all = []; for (;;) all.push(new Array(1e5).fill(all.length + 0.5));',
    {
      errorType: 'Runtime.OutOfMemory',
      errorMessage: 'Error: Runtime exited with error: signal: killed (over 128 MB)',
    },
  ],
  Exit: [
    'process.exit(9);',
    { errorType: 'Runtime.ExitError', errorMessage: expect.stringContaining('exit status 9') as unknown as string },
  ],
};

test('what a function dies of has its own name, whoever notices it, and the next event finds a new instance', async () => {
  const functions = Object.entries(DEATHS).map(([id, [code]]) =>
    lambda(id, `exports.handler = async ({ die }) => { if (!die) return 'alive'; ${code} await sleep(20_000); };`, {
      MemorySize: 128,
      Timeout: 30,
    }),
  );
  const { engine, physical } = await start(writeAssembly(Object.assign({}, ...functions)));
  const credentials = { accessKeyId: 'x', secretAccessKey: 'x' };
  const client = new LambdaClient({ endpoint: engine.url, region: REGION, credentials, maxAttempts: 1 });
  onTestFinished(() => client.destroy());
  const invoke = async (id: string, die: boolean) => {
    const { FunctionError, Payload } = await client.send(
      new InvokeCommand({ FunctionName: physical(id), Payload: JSON.stringify({ die }) }),
    );
    return [FunctionError, JSON.parse(Buffer.from(Payload ?? []).toString())];
  };
  for (const [id, [, expected]] of Object.entries(DEATHS)) {
    const { trace, ...rest } = expected;
    const [error, payload] = await invoke(id, true);
    expect([id, error, payload]).toEqual([id, 'Unhandled', expect.objectContaining(rest)]);
    if (Array.isArray(trace)) expect(payload.trace).toEqual(expect.arrayContaining(trace));
    expect(await invoke(id, false)).toEqual([undefined, 'alive']);
  }
});
