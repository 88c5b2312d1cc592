import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { expect, onTestFinished, test } from 'vitest';
import { createAwsCalls } from '../../lib/local/call.ts';
import { eventually } from '../integration/orders-app.ts';

const CLI = join(import.meta.dirname, '../../bin/sluice.ts');

/** A queue whose consumer fails at every message, its dead letters, and an alarm on them. */
function failingApp(folder: string): string {
  writeFileSync(
    join(folder, 'index.js'),
    '// In the second line:\nexports.handler = async () => { throw new TypeError("no answer"); };\n',
  );
  const app = new App({ outdir: join(folder, 'cdk.out') });
  const stack = new Stack(app, 'failing');
  const dead = new Queue(stack, 'Dead', { queueName: 'dead' });
  const work = new Queue(stack, 'Work', {
    queueName: 'work',
    visibilityTimeout: Duration.seconds(3),
    deadLetterQueue: { queue: dead, maxReceiveCount: 1 },
  });
  const answer = new LambdaFunction(stack, 'Answer', {
    functionName: 'answer',
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromAsset(folder, { exclude: ['cdk.out'] }),
  });
  answer.addEventSource(new SqsEventSource(work, { batchSize: 1 }));
  new Alarm(stack, 'Alarm', {
    alarmName: 'dead-letters',
    metric: dead.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(1) }),
    threshold: 1,
    evaluationPeriods: 1,
  });
  return app.synth().directory;
}

/** What a process has written so far. */
function textOf(stream: ChildProcess['stdout']): () => string {
  let text = '';
  stream?.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  return () => text;
}

test('sluice local tells what fails, what is given up and which alarms go to ALARM, and sums it up when it ends', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-local-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const assembly = failingApp(folder);
  const args = ['local', '--assembly', assembly, '--port', '0', '--time-scale', '60'];
  const child = spawn(process.execPath, [CLI, ...args], { cwd: folder });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [stdout, stderr] = [textOf(child.stdout), textOf(child.stderr)];
  const ready = await eventually('the engine to be ready', () => /^ready (\S+)$/m.exec(stdout())?.[1]);
  const calls = createAwsCalls(ready, 'us-east-1');
  onTestFinished(() => calls.close());
  await calls.json('sqs', 'SendMessage', { QueueUrl: `${ready}/000000000000/work`, MessageBody: 'x' });

  await eventually('the failure to be told', () => stderr().includes('answer failed: TypeError: no answer ('));
  expect(stderr()).toMatch(/answer failed: TypeError: no answer \(\S*index\.js:2:\d+\)/);
  await eventually('the dead letter', () => stderr().includes('1 more in dead-letter queue dead (1)'));
  await eventually('the alarm', () => stderr().includes('dead-letters went to ALARM'));
  const closed = once(child, 'exit');
  child.kill('SIGINT');
  expect(await closed).toEqual([0, null]);
  const summary = stderr().slice(stderr().lastIndexOf('In 1 min:'));
  expect(summary.split('\n').slice(0, 6)).toEqual([
    'In 1 min: 1 invocations, 1 of them failed; 0 messages are left to do',
    'dead letters: 1',
    '  1 in dead',
    'alarms in ALARM: dead-letters',
    'functions that failed:',
    expect.stringMatching(/^ {2}answer, 1 times; first: TypeError: no answer \(\S*index\.js:2:\d+\)$/),
  ]);
});
