import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startEngine } from '../../../lib/local/engine.ts';
import { lambda, mapping, queue, send, start, temporaryDirectory, until, writeAssembly } from './support.ts';

const engineModule = fileURLToPath(new URL('../../../lib/local/engine.ts', import.meta.url));

test('after close nothing is left that keeps the process alive', async () => {
  const assembly = writeAssembly({
    ...queue('Work'),
    Log: { Type: 'AWS::Kinesis::Stream', Properties: { ShardCount: 1 } },
    ...lambda('Busy', 'exports.handler = async () => { setInterval(() => {}, 1000); return 1; };'),
    ...mapping('FromQueue', 'Busy', 'Work'),
    ...mapping('FromLog', 'Busy', 'Log', { StartingPosition: 'LATEST' }),
    Rule: {
      Type: 'AWS::Events::Rule',
      Properties: {
        ScheduleExpression: 'rate(1 hour)',
        Targets: [{ Id: 'a', Arn: { 'Fn::GetAtt': ['Busy', 'Arn'] } }],
      },
    },
  });
  const script = join(temporaryDirectory(), 'run.mjs');
  writeFileSync(
    script,
    `import { startEngine } from ${JSON.stringify(engineModule)};
     const engine = await startEngine({ assembly: ${JSON.stringify(assembly)}, port: 0 });
     const { name } = engine.functions[0];
     await fetch(engine.url + '/2015-03-31/functions/' + name + '/invocations', { method: 'POST', headers: { authorization: 'AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/lambda/aws4_request' } });
     await engine.close();
     console.log('closed');`,
  );
  // The process has to end by itself: execFile would kill it, and fail, after the time-out.
  const { stdout } = await promisify(execFile)(process.execPath, [script], { timeout: 10_000 });
  expect(stdout).toBe('closed\n');
});

test('close waits for a running invocation, but not for long', async () => {
  const assembly = writeAssembly({
    ...queue('Work', { VisibilityTimeout: 60 }),
    ...lambda(
      'Slow',
      "exports.handler = async (event) => { see('begin'); await sleep(event.Records[0].body === 'short' ? 300 : 30_000); see('end'); };",
      { Timeout: 60 },
    ),
    ...mapping('Feed', 'Slow', 'Work'),
  });
  const short = await start(assembly);
  await send(short.calls, short.physical('Work'), 'short');
  await until('the short one to begin', () => short.seen('Slow').length === 1);
  await short.engine.close();
  expect(short.seen('Slow')).toEqual(['begin', 'end']);

  const long = await start(assembly);
  await send(long.calls, long.physical('Work'), 'long');
  await until('the long one to begin', () => long.seen('Slow').length === 1);
  const began = performance.now();
  await long.engine.close();
  expect(performance.now() - began).toBeLessThan(5000);
  expect(long.seen('Slow')).toEqual(['begin']);
});

test('a port in use is named, and nothing is left behind', async () => {
  const assembly = writeAssembly(queue('Q'));
  const { engine } = await start(assembly);
  const port = Number(new URL(engine.url).port);
  const data = temporaryDirectory();
  await expect(startEngine({ assembly, port, data })).rejects.toThrow(String(port));
  // Its data directory is free, and so is another port.
  await (await startEngine({ assembly, port: 0, data })).close();
});
