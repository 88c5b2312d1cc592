import { execFile } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { type EngineOptions, startEngine } from '../../../lib/local/engine.ts';
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
  await long.engine.close();
  // Had it been waited for, it would have come to its end.
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

/** Ways in which an engine cannot start, by what its error says. */
const REFUSED: Readonly<Record<string, (port: number, data: string) => readonly [EngineOptions, RegExp]>> = {
  'a port in use': (port, data) => [{ assembly: writeAssembly(queue('Q')), port, data }, /port/],
  'no assembly': (_, data) => [{ assembly: join(data, 'none'), port: 0, data }, /no cloud assembly/],
  'a type that is not there': (_, data) => [
    { assembly: writeAssembly({ ...queue('Q'), C: { Type: 'AWS::ECS::Cluster', Properties: {} } }), port: 0, data },
    /AWS::ECS::Cluster/,
  ],
  'a resource that fails half-way': (_, data) => [
    {
      assembly: writeAssembly({
        ...queue('Q'),
        ...lambda('F', 'exports.handler = async () => 1;'),
        ...mapping('Bad', 'F', 'Q', { BatchSize: 20_000 }),
      }),
      ...{ port: 0, data },
    },
    /Bad/,
  ],
};

test.each(Object.keys(REFUSED))('an engine that cannot start leaves nothing behind: %s', async (why) => {
  const { engine } = await start(writeAssembly(queue('Q')));
  const [data, temporary] = [temporaryDirectory(), temporaryDirectory()];
  const [options, text] = REFUSED[why]?.(Number(new URL(engine.url).port), data) ?? [];
  const script = join(temporaryDirectory(), 'run.mjs');
  writeFileSync(
    script,
    `import { startEngine } from ${JSON.stringify(engineModule)};
     await startEngine(${JSON.stringify(options)}).then(() => console.log('started'), (error) => console.log(error.message));`,
  );
  // It ends by itself: nothing keeps it alive, and no file of it is left.
  const env = { ...process.env, TMPDIR: temporary };
  const { stdout } = await promisify(execFile)(process.execPath, [script], { timeout: 20_000, env });
  expect(stdout).toMatch(text ?? '');
  expect(readdirSync(temporary)).toEqual([]);
  // Its data directory is free, and holds nothing that another app would be refused for.
  const next = await startEngine({ assembly: writeAssembly(queue('Q'), {}, 'another'), port: 0, data });
  expect(next.stacks.map(({ name }) => name)).toEqual(['another']);
  await next.close();
});
