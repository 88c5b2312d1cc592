import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadHandler } from '../../../lib/local/lambda/load-handler.ts';
import { lambda, start, temporaryDirectory, until, writeAssembly } from './support.ts';

const invoke = async ({ calls }: Awaited<ReturnType<typeof start>>, name: string) => {
  const path = `/2015-03-31/functions/${name}/invocations`;
  return JSON.parse(await calls.rest('lambda', 'POST', path, '{}')) as Record<string, unknown>;
};

test('functions that were bundled without the SDK find it, in both kinds of module, and call the engine with it', async () => {
  const code = (load: string) =>
    `exports.handler = async () => { ${load}; return (await new S.SQSClient({}).send(new S.ListQueuesCommand({}))).$metadata.httpStatusCode };`;
  const Statement = [{ Effect: 'Allow', Action: 'sqs:ListQueues', Resource: '*' }];
  const app = await start(
    writeAssembly({
      ...lambda('Required', code("const S = require('@aws-sdk/client-sqs')"), {}, Statement),
      ...lambda('Imported', code("const S = await import('@aws-sdk/client-sqs')"), {}, Statement),
      ...lambda(
        'Module',
        "import { NodeHttpHandler } from '@smithy/node-http-handler'; export const handler = async () => typeof NodeHttpHandler;",
      ),
    }),
  );
  expect(await invoke(app, app.physical('Required'))).toBe(200);
  expect(await invoke(app, app.physical('Imported'))).toBe(200);
  expect(await invoke(app, app.physical('Module'))).toBe('function');
});

test('what Lambda brings and is not installed fails with how to get it, in the answer and as a notice', async () => {
  const app = await start(
    writeAssembly(lambda('Absent', "require('@aws-sdk/client-nowhere'); exports.handler = async () => 1;")),
  );
  const hint =
    "Cannot find package '@aws-sdk/client-nowhere': Lambda brings it, here it has to be installed: npm install --save-dev @aws-sdk/client-nowhere";
  expect(await invoke(app, app.physical('Absent'))).toMatchObject({
    errorType: 'Runtime.ImportModuleError',
    errorMessage: `Error: ${hint}`,
  });
  const told = await until('the notice', () => app.engine.notices.find((text) => text.includes('does not start')));
  expect(told).toContain(hint);
});

test('any module that is not there is an ImportModuleError', async () => {
  const folder = temporaryDirectory();
  writeFileSync(join(folder, 'index.js'), "require('./gone');");
  await expect(loadHandler(folder, 'index.handler')).rejects.toMatchObject({
    name: 'Runtime.ImportModuleError',
    message: expect.stringContaining('./gone'),
  });
});

test("the function's own copy goes before the app's, the app's before the engine's", () => {
  const make = (folder: string, name: string, text: string) => {
    const place = join(folder, 'node_modules/@aws-sdk', name);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'index.js'), `exports.from = '${text}';`);
    writeFileSync(join(place, 'package.json'), '{"main":"index.js"}');
  };
  const [app, code] = [temporaryDirectory(), temporaryDirectory()];
  make(app, 'client-a', 'app');
  make(app, 'client-sqs', 'app');
  make(app, 'client-b', 'app');
  make(code, 'client-b', 'function');
  writeFileSync(
    join(code, 'index.js'),
    "exports.handler = () => ['client-a', 'client-b', 'client-sqs', 'client-kinesis'].map((name) => require('@aws-sdk/' + name).from);",
  );
  const loader = JSON.stringify(new URL('../../../lib/local/lambda/load-handler.ts', import.meta.url).href);
  const program = `const { loadHandler } = await import(${loader}); console.log((await loadHandler(${JSON.stringify(code)}, 'index.handler'))().join());`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: app,
    encoding: 'utf8',
  });
  expect(stdout.trim()).toBe('app,function,app,');
});

test('variables that would lead calls past the engine are left out, and the engine says so', async () => {
  const names = [
    'AWS_ENDPOINT_URL_SQS',
    'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
    'AWS_PROFILE',
    'AWS_USE_FIPS_ENDPOINT',
    'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  ];
  const Variables = {
    ...Object.fromEntries(names.map((name) => [name, 'http://127.0.0.1:9'])),
    OWN: 'x',
    NO_PROXY: 'a',
  };
  const app = await start(
    writeAssembly(lambda('Led', 'exports.handler = async () => process.env;', { Environment: { Variables } })),
  );
  const environment = await invoke(app, app.physical('Led'));
  for (const name of names) expect(environment).not.toHaveProperty(name);
  expect(environment).toMatchObject({
    OWN: 'x',
    NO_PROXY: 'a,127.0.0.1,localhost,::1',
    AWS_ENDPOINT_URL: app.engine.url,
  });
  expect(app.engine.notices).toContainEqual(expect.stringContaining(names.join(', ')));
});
