import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createAwsCalls } from '../../lib/local/call.ts';

const ROOT = join(import.meta.dirname, '../..');
const CLI = join(ROOT, 'bin/sluice.ts');
/** Longest wait for a line: synthesis on a crowded machine. */
const PATIENCE_MS = 60_000;

const APP = (queue: string) => `
import { App, Stack } from 'aws-cdk-lib';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Queue } from 'aws-cdk-lib/aws-sqs';
const app = new App();
const stack = new Stack(app, 'watched');
new Queue(stack, '${queue}', { queueName: '${queue}' });
new LambdaFunction(stack, 'Answer', {
  functionName: 'answer', runtime: Runtime.NODEJS_24_X, handler: 'index.handler', code: Code.fromAsset('functions/answer'),
});
app.synth();
`;
const ANSWER = (text: string) => `exports.handler = async () => '${text}';`;

/** A process whose lines on standard output can be waited for, one after the other. */
function linesOf(child: ChildProcess): { next(start: string): Promise<string>; readonly stderr: () => string } {
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  return {
    stderr: () => stderr,
    async next(start) {
      for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; ) {
        const end = stdout.indexOf('\n');
        const line = stdout.slice(0, Math.max(end, 0));
        stdout = stdout.slice(end + 1);
        if (end >= 0 && line.startsWith(start)) return line;
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${stderr}`);
        if (end < 0) await new Promise((resolve) => setTimeout(resolve, 20));
      }
      throw new Error(`no line that starts with "${start}"; standard error: ${stderr}`);
    },
  };
}

test(
  'sluice local --watch deploys what changes: code, resources; what does not synthesise leaves the app as it was',
  async () => {
    // Inside the project, so that the app finds the CDK.
    mkdirSync(join(ROOT, '.build'), { recursive: true });
    const folder = mkdtempSync(join(ROOT, '.build', 'watched-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const write = (file: string, text: string) => writeFileSync(join(folder, file), text);
    mkdirSync(join(folder, 'functions/answer'), { recursive: true });
    write('functions/answer/index.js', ANSWER('one'));
    write('app.ts', APP('orders'));
    write('cdk.json', JSON.stringify({ app: `"${process.execPath}" app.ts`, output: 'out' }));
    write('package.json', '{"type":"module"}');

    const child = spawn(process.execPath, [CLI, 'local', '--watch', '--port', '0'], { cwd: folder });
    onTestFinished(() => void child.kill('SIGKILL'));
    const lines = linesOf(child);
    const url = (await lines.next('ready ')).slice('ready '.length);
    const calls = createAwsCalls(url, 'us-east-1');
    onTestFinished(() => calls.close());
    const answer = () => calls.rest('lambda', 'POST', '/2015-03-31/functions/answer/invocations', '{}');
    const queues = async () => JSON.stringify(await calls.json('sqs', 'ListQueues', {}));
    expect(await answer()).toBe('"one"');
    await calls.json('sqs', 'SendMessage', { QueueUrl: `${url}/000000000000/orders`, MessageBody: 'kept' });

    write('functions/answer/index.js', ANSWER('two'));
    expect(await lines.next('deployed')).toContain('deployed 1 in');
    expect(await answer()).toBe('"two"');

    write('app.ts', 'this is no app');
    await lines.next('not deployed: the app runs on as it was');
    expect(lines.stderr()).toContain('the app does not synthesise');
    expect(await answer()).toBe('"two"');

    write('app.ts', APP('payments'));
    await lines.next('deployed 2');
    expect(lines.stderr()).toContain('+ watched/payments');
    expect(await queues()).toContain('payments');
    expect(await queues()).not.toContain('orders');

    // A folder that comes with its files is seen too.
    mkdirSync(join(folder, 'functions/answer/lib'));
    write('functions/answer/lib/more.js', 'module.exports = 3;');
    await lines.next('deployed 1');

    const closed = once(child, 'exit');
    child.kill('SIGINT');
    expect(await closed).toEqual([0, null]);
  },
  2 * PATIENCE_MS,
);

test('without an assembly and without --watch it says what to do', async () => {
  const child = spawn(process.execPath, [CLI, 'local', '--port', '0'], { cwd: ROOT });
  const lines = linesOf(child);
  expect(await once(child, 'exit')).toEqual([2, null]);
  expect(lines.stderr()).toContain('name an assembly (--assembly cdk.out), or run the app of cdk.json (--watch)');
});
