import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { environmentFor, exportsFor, firstCommands } from '../../../bin/apps/sdk-environment.ts';

/** A server that only counts who comes. */
async function counter(): Promise<{ url: string; seen: string[] }> {
  const seen: string[] = [];
  const server: Server = createServer((request, response) => {
    seen.push(`${request.method} ${request.headers['x-amz-target'] ?? request.url}`);
    response.writeHead(400, { 'content-type': 'application/json' }).end('{"__type":"ValidationException"}');
  });
  server.on('connect', (_request, socket) => {
    seen.push('CONNECT');
    socket.destroy();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

const SERVICES = ['CLOUDFORMATION', 'DYNAMODB', 'KINESIS', 'LAMBDA', 'S3', 'SNS', 'SQS', 'STS', 'CLOUDWATCH'];
/** Calls each service once with clients as the tools open them. */
const PROGRAM = `
  const { pointSdkAt } = await import(process.env.SDK_ENVIRONMENT);
  pointSdkAt(process.env.ENGINE, 'us-east-1');
  const calls = [
    ['client-cloudformation', 'CloudFormationClient', 'ListStacksCommand', {}],
    ['client-dynamodb', 'DynamoDBClient', 'ListTablesCommand', {}],
    ['client-lambda', 'LambdaClient', 'ListFunctionsCommand', {}],
    ['client-s3', 'S3Client', 'ListBucketsCommand', {}],
    ['client-sns', 'SNSClient', 'ListTopicsCommand', {}],
    ['client-sqs', 'SQSClient', 'ListQueuesCommand', {}],
    ['client-cloudwatch', 'CloudWatchClient', 'ListMetricsCommand', {}],
  ];
  for (const [module, client, command, input] of calls) {
    const sdk = await import('@aws-sdk/' + module);
    await new sdk[client]({ maxAttempts: 1 }).send(new sdk[command](input)).catch((error) => {
      if (error.$metadata?.httpStatusCode !== 400) console.log(module, error);
    });
  }
`;

test('whatever variables, profiles, files and proxies a shell has, every call goes to the engine', {
  timeout: 60_000,
}, async () => {
  const [engine, trap] = [await counter(), await counter()];
  const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const services = SERVICES.map((name) => `${name.toLowerCase()} =\n  endpoint_url = ${trap.url}\n`).join('');
  const profile = `endpoint_url = ${trap.url}\nservices = away\nregion = eu-west-3\naws_access_key_id = a\naws_secret_access_key = b\n`;
  const config = join(folder, 'config');
  writeFileSync(config, `[default]\n${profile}[profile away]\n${profile}[services away]\n${services}`);
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM], {
    cwd: new URL('../../..', import.meta.url),
    env: {
      PATH: process.env.PATH,
      ENGINE: engine.url,
      SDK_ENVIRONMENT: new URL('../../../bin/apps/sdk-environment.ts', import.meta.url).href,
      ...Object.fromEntries(SERVICES.map((name) => [`AWS_ENDPOINT_URL_${name}`, trap.url])),
      AWS_ENDPOINT_URL: trap.url,
      AWS_PROFILE: 'away',
      AWS_DEFAULT_PROFILE: 'away',
      AWS_CONFIG_FILE: config,
      AWS_SHARED_CREDENTIALS_FILE: config,
      AWS_SDK_LOAD_CONFIG: '1',
      AWS_USE_FIPS_ENDPOINT: 'true',
      AWS_USE_DUALSTACK_ENDPOINT: 'true',
      AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true',
      AWS_SESSION_TOKEN: 'stale',
      AWS_CONTAINER_CREDENTIALS_FULL_URI: trap.url,
      AWS_EC2_METADATA_SERVICE_ENDPOINT: trap.url,
      AWS_WEB_IDENTITY_TOKEN_FILE: config,
      AWS_ROLE_ARN: 'arn:aws:iam::111111111111:role/away',
      HTTP_PROXY: trap.url,
      HTTPS_PROXY: trap.url,
      http_proxy: trap.url,
      NODE_USE_ENV_PROXY: '1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  await once(child, 'close');
  expect(trap.seen).toEqual([]);
  expect(output).toBe('');
  expect(engine.seen).toHaveLength(7);
});

test.each(['sh', 'bash'])(
  'the printed line leaves a shell (%s) with the variables of the engine, and no others',
  (shell) => {
    const line = exportsFor('http://127.0.0.1:4566', 'us-east-1');
    const env = {
      PATH: process.env.PATH,
      OTHER: 'AWS_OTHER=stays',
      ...Object.fromEntries(SERVICES.map((name) => [`AWS_ENDPOINT_URL_${name}`, 'http://away'])),
      ...{ AWS_PROFILE: 'away', AWS_SESSION_TOKEN: 'stale', AWS_CA_BUNDLE: 'a b;c' },
    };
    const left = execFileSync(shell, ['-ec', `${line}\nenv`], { env })
      .toString()
      .split('\n');
    const variables = left.filter((one) => /^(AWS_|OTHER)/.test(one)).toSorted();
    const expected = { ...environmentFor('http://127.0.0.1:4566', 'us-east-1'), OTHER: 'AWS_OTHER=stays' };
    expect(variables).toEqual(
      Object.entries(expected)
        .map(([name, value]) => `${name}=${value}`)
        .toSorted(),
    );
    // Where there is nothing to take away, too.
    execFileSync(shell, ['-ec', line], { env: { PATH: process.env.PATH } });
  },
);

test.each([
  ['the demo', firstCommands('orders').join('\n')],
  ...['README.md', 'docs/engine.md', 'docs/testing.md'].map((file) => [
    file,
    readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8'),
  ]),
])('what %s says to ask SQS works with the AWS CLI 1, too', (_, text = '') => {
  const commands = text.match(/\baws (?:-\S+ \S+ )*sqs\b.*/g) ?? [];
  for (const command of commands) expect(command).toMatch(/^aws --endpoint-url \S+ sqs/);
});
