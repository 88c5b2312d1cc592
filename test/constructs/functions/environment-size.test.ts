import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Aws, Stack } from 'aws-cdk-lib';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { messagingFunction } from '../../../lib/constructs/functions/messaging-function.ts';
import { ENV } from '../../../lib/contracts/agreed/environment.ts';
import { seconds } from '../../../lib/contracts/declaring/duration.ts';

let code: string;
beforeAll(() => {
  code = mkdtempSync(join(tmpdir(), 'sluice-environment-'));
  writeFileSync(join(code, 'index.mjs'), 'export const handler = async () => undefined;\n');
});
afterAll(() => rmSync(code, { recursive: true }));

const LIMIT = 4_096;
/** What every function has. */
const OWN = `${ENV.stack}tickets`.length;
const REGION = 'eu-central-1';

/** A function with these variables, synthesised. */
function synthesised(environment: (stack: Stack) => Record<string, string>, later: Record<string, string> = {}) {
  const app = new App();
  const stack = new Stack(app, 'tickets', { env: { region: REGION } });
  const props = { code, description: 'worker', timeout: seconds(5), environment: environment(stack) };
  const fn = messagingFunction(new Construct(stack, 'worker'), 'worker', props);
  for (const [name, value] of Object.entries(later)) fn.addEnvironment(name, value);
  return () => app.synth();
}

describe("a function's environment", () => {
  it('may have 4,096 bytes, names and values together', () => {
    expect(synthesised(() => ({ AA: 'x'.repeat(LIMIT - OWN - 2) }))).not.toThrow();
  });

  it('says which function has more, of how many bytes, by what, and what to do', () => {
    const variables = { SMALL: 'x', LARGE: 'x'.repeat(3_000), MIDDLE: 'x'.repeat(1_000), LESS: 'x'.repeat(500) };
    const bytes = Object.entries(variables).reduce((sum, [name, value]) => sum + name.length + value.length, OWN);
    expect(synthesised(() => variables)).toThrow(
      `the environment of function 'tickets/worker/Function' has ${bytes.toLocaleString('en-US')} bytes, names and values together, and Lambda takes 4,096. ` +
        'The largest variables: LARGE (3,005), MIDDLE (1,006), LESS (504). Put large values into a file',
    );
  });

  it.each<[string, (over: number) => ReturnType<typeof synthesised>]>([
    [
      'bytes, not characters',
      (over) => synthesised(() => ({ AA: `${'ä'.repeat(1_000)}${'x'.repeat(LIMIT - OWN - 2_002 + over)}` })),
    ],
    ['what is added later', (over) => synthesised(() => ({}), { AA: 'x'.repeat(LIMIT - OWN - 2 + over) })],
    [
      'the URL of a queue',
      (over) =>
        synthesised((stack) => {
          const url = `https://sqs.${REGION}.amazonaws.com/000000000000/work`;
          const queue = new Queue(stack, 'queue', { queueName: 'work' });
          return { AA: queue.queueUrl, BB: 'x'.repeat(LIMIT - OWN - 4 - url.length + over) };
        }),
    ],
    [
      'ARNs in a text',
      (over) =>
        synthesised((stack) => {
          const [queue, topic] = [
            new Queue(stack, 'queue', { queueName: 'work' }),
            new Topic(stack, 'topic', { topicName: 'news' }),
          ];
          const text = `${queue.queueArn},${topic.topicArn},${Aws.ACCOUNT_ID}`;
          const known = `arn:aws:sqs:${REGION}:000000000000:work,arn:aws:sns:${REGION}:000000000000:news,000000000000`;
          return { AA: text, BB: 'x'.repeat(LIMIT - OWN - 4 - known.length + over) };
        }),
    ],
  ])('counts %s', (_, withMore) => {
    expect(withMore(0)).not.toThrow();
    expect(withMore(1)).toThrow('4,097 bytes');
  });

  it('says when it may be more still', () => {
    const app = synthesised((stack) => ({ AA: new Queue(stack, 'queue').queueUrl, BB: 'x'.repeat(LIMIT) }));
    expect(app).toThrow('has at least ');
  });
});
