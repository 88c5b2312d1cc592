import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { pointSdkAt } from '../../bin/apps/sdk-environment.ts';
import { startEngine } from '../../lib/local/engine.ts';
import { buildLibrary, ENTRIES } from '../../packaging/build.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');
const BIN = join(ROOT, 'node_modules/.bin');
const MINUTES = 60_000;

/** What the example and its producer outside of Lambda need, in the versions of this project. */
const BESIDE = [
  'aws-cdk-lib@2.275.0',
  'constructs@10.8.1',
  'valibot@1.5.0',
  '@aws-sdk/credential-providers@3.1162.0',
  '@types/node@24.19.2',
];

/** An empty CDK project outside this repository, with the example's files and the packed library installed. */
let project: string;
const inProject = (command: string, ...args: string[]) =>
  run(command, args, { cwd: project, env: { ...process.env, PATH: `${BIN}:${process.env.PATH}` } });

beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), 'sluice-package-'));
  cpSync(join(ROOT, 'packaging/example'), project, { recursive: true });
  // The library alone: what needs the tools is tested in first-consumer.test.ts.
  for (const file of ['samples.ts', 'sluice.config.ts', 'look.ts']) rmSync(join(project, file));
  const { stdout } = await inProject('npm', 'pack', '--json', buildLibrary(join(project, '.build')));
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  await inProject('npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', `./${filename}`, ...BESIDE);
}, 5 * MINUTES);
afterAll(() => rmSync(project, { recursive: true, force: true }), 5 * MINUTES);

describe('the packed library in an empty CDK project', () => {
  it('passes the type check', async () => {
    await inProject(join(BIN, 'tsc'), '-p', '.');
  });

  it(
    'is synthesised by the CDK CLI and delivers on the engine',
    async () => {
      await inProject(join(BIN, 'cdk'), 'synth', '--quiet');
      const engine = await startEngine({ assembly: join(project, 'cdk.out'), port: 0 });
      pointSdkAt(engine.url, engine.services.region);
      const sqs = new SQSClient({});
      const dynamodb = DynamoDBDocumentClient.from(new DynamoDBClient({}));
      try {
        const outputs = engine.stacks[0]?.outputs ?? {};
        const event = {
          ...{ specversion: '1.0', id: 'p1', source: '/shop', type: 'parcels.sent', subject: 'p1', partitionkey: 'p1' },
          ...{ time: new Date().toISOString(), datacontenttype: 'application/json', correlationid: 'p1' },
          dataschema: 'urn:sluice:parcels.sent:v1',
          traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
          data: { parcel: 'p1', to: 'Leith' },
        };
        await sqs.send(new SendMessageCommand({ QueueUrl: outputs.Queue?.value, MessageBody: JSON.stringify(event) }));
        const TableName = outputs.Announcements?.value;
        const expectAnnounced = (parcel: string, told: string) =>
          vi.waitFor(async () => {
            const { Item } = await dynamodb.send(new GetCommand({ TableName, Key: { parcel } }));
            expect(Item).toEqual({ parcel, told, times: 1 });
          }, 20_000);
        await expectAnnounced('p1', 'on its way to Leith');
        // A producer outside of Lambda signs with what the SDK's chain of providers finds, here in a file.
        const credentials = join(project, 'credentials');
        writeFileSync(credentials, '[counter]\naws_access_key_id = counter\naws_secret_access_key = secret\n');
        const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...others } = process.env;
        const produce = `import('./produce.ts').then((it) => it.announceParcel('${outputs.Queue?.value}', 'p2', 'Skye'))`;
        await run(join(BIN, 'node'), ['-e', produce], {
          cwd: project,
          env: { ...others, AWS_PROFILE: 'counter', AWS_SHARED_CREDENTIALS_FILE: credentials },
        });
        await expectAnnounced('p2', 'on its way to Skye');
        // Deployed without its environment, the function says so in a stack trace that names the source.
        const program = "import('./.build/parcels/announce/index.mjs').catch(({ stack }) => console.log(stack))";
        const { stdout: stack } = await inProject(join(BIN, 'node'), '-e', program);
        expect(stack).toMatch(/^MissingEnvironment: .*\n[\s\S]* {4}at lambdas\/parcels\/announce\.ts:\d+:\d+\n/);
      } finally {
        sqs.destroy();
        dynamodb.destroy();
        await engine.close();
      }
    },
    2 * MINUTES,
  );

  it('tests its handlers with `node --test`, without AWS and without waiting', async () => {
    const { stdout } = await inProject(join(BIN, 'node'), '--test', '--test-reporter=tap', 'test/*.test.ts');
    expect(stdout).toMatch(/^# pass 6$/m);
    expect(stdout).toMatch(/^# fail 0$/m);
  });

  it('fails the synthesis over what its linter finds', async () => {
    const app = `import { App, Stack, Validations } from 'aws-cdk-lib';
      import { Queue } from 'aws-cdk-lib/aws-sqs';
      import { MessagingChecks } from 'sluice/lint';
      const app = new App();
      Validations.of(app).addPlugins(new MessagingChecks());
      new Queue(new Stack(app, 'shop'), 'orders', { deadLetterQueue: { queue: new Queue(app.node.findChild('shop'), 'dead'), maxReceiveCount: 3 } });`;
    writeFileSync(join(project, 'wrong.ts'), app);
    const synth = inProject(join(BIN, 'cdk'), 'synth', '--quiet', '--app', 'node wrong.ts', '--output', 'wrong.out');
    await expect(synth).rejects.toThrow(/Messaging-DeadLettersExpireEarly/);
  });

  it('is not packed from the wrong folder', async () => {
    await expect(run('npm', ['pack', '--dry-run'], { cwd: ROOT })).rejects.toThrow('npm run package');
  });

  it('has no way in but its doors', async () => {
    const open = ENTRIES.map((entry) => `await import('sluice/${entry}')`).join(';');
    await inProject('node', '--input-type=module', '--eval', open);
    for (const deep of ['sluice', 'sluice/constructs/stage.js', 'sluice/runtime/aws/call.js']) {
      const attempt = inProject('node', '--input-type=module', '--eval', `await import('${deep}')`);
      await expect(attempt).rejects.toThrow(/ERR_PACKAGE_PATH_NOT_EXPORTED/);
    }
  });

  it('brings nothing of the engine, the command line or the tests', () => {
    const { dependencies } = JSON.parse(readFileSync(join(project, 'node_modules/sluice/package.json'), 'utf8'));
    expect(
      Object.keys(dependencies).filter((name) => /fauxqs|dynalite|kinesis|vitest|commander|^node$/.test(name)),
    ).toEqual([]);
  });
});
