import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Duration, Stack, Stage, Validations } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MessagingChecks } from '../../../lib/lint/messaging-checks.ts';
import { lintStack } from '../linted.ts';
import { alarm, consume } from '../plain.ts';

const RULE = 'Messaging-QueueWithoutDeadLetters';
const REASON = 'its messages are repeated every minute';

/** A queue without dead letters that a function works off. */
function beats(stack: Stack): Queue {
  const queue = new Queue(stack, 'Beats');
  consume(stack, queue.queueArn);
  alarm(stack, 'BeatsAge', {
    namespace: 'AWS/SQS',
    metricName: 'ApproximateAgeOfOldestMessage',
    dimensions: [{ name: 'QueueName', value: queue.queueName }],
  });
  return queue;
}

const acknowledge = (on: Construct, reason: string, id: string = RULE) =>
  Validations.of(on).acknowledge({ id, reason });

describe('an acknowledgement', () => {
  const findings = (on: (stack: Stack, queue: Queue) => void) =>
    lintStack((stack) => on(stack, beats(stack))).map(({ rule, path, value, acknowledged }) => ({
      rule,
      path,
      value,
      reason: acknowledged?.reason,
    }));
  const found = { rule: RULE, path: 'Shop/Beats/Resource', value: 'none', reason: undefined };

  it.each([
    ['on the construct', (_: Stack, queue: Queue) => acknowledge(queue, REASON)],
    ['on the stack', (stack: Stack) => acknowledge(stack, REASON)],
    ['on the app', (stack: Stack) => acknowledge(stack.node.root as App, REASON)],
    ['with the name of the pack', (_: Stack, queue: Queue) => acknowledge(queue, REASON, `Sluice::${RULE}`)],
  ])('%s sets a finding aside, with its reason', (_, on) => {
    expect(findings(on)).toEqual([{ ...found, reason: REASON }]);
  });

  it.each(['', '  '])("is refused without a reason ('%s'), and the finding counts", (reason) => {
    expect(findings((_, queue) => acknowledge(queue, reason))).toEqual([
      {
        rule: 'Messaging-AcknowledgedWithoutReason',
        path: 'Shop/Beats',
        value: `empty, for ${RULE}`,
        reason: undefined,
      },
      found,
    ]);
  });

  it('of another rule or another construct changes nothing, and is said to be about nothing', () => {
    const nothing = (path: string, value: string) => ({
      rule: 'Messaging-AcknowledgedNothing',
      path,
      value,
      reason: undefined,
    });
    expect(
      findings((stack, queue) => {
        acknowledge(queue, REASON, 'Messaging-QueueWithoutDeadLeters');
        acknowledge(queue, REASON, 'Messaging-EndlessRetries');
        const other = new Queue(stack, 'Other', { deadLetterQueue: { queue, maxReceiveCount: 5 } });
        acknowledge(other, REASON);
      }).filter(({ rule }) => rule.startsWith('Messaging-Ack')),
    ).toEqual([
      nothing('Shop/Beats', "'Messaging-QueueWithoutDeadLeters', which is no rule"),
      nothing('Shop/Beats', "'Messaging-EndlessRetries', which finds nothing here"),
      nothing('Shop/Other', `'${RULE}', which finds nothing here`),
    ]);
  });
});

describe('at synthesis', () => {
  let outdir: string;
  beforeEach(() => {
    outdir = mkdtempSync(join(tmpdir(), 'sluice-synth-'));
    vi.stubEnv('CDK_VALIDATION', 'false');
    // The CDK writes its report to standard error.
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
    rmSync(outdir, { recursive: true });
  });

  /** As a program that synthesises by itself, without the CDK's command line. */
  function synth(build: (stack: Stack) => void, scope: (app: App) => Construct = (app) => app): string {
    const app = new App({ outdir, context: { '@aws-cdk/core:appMode': 'inmemory' } });
    const around = scope(app);
    Validations.of(around).addPlugins(new MessagingChecks());
    build(new Stack(around, 'Shop'));
    build(new Stack(app, 'Elsewhere'));
    try {
      app.synth();
      return 'synthesised';
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
  const said = () => vi.mocked(console.error).mock.calls.flat().join('\n');

  it('an error fails it, and the message is the finding', () => {
    const message = synth((stack) => beats(stack));
    expect(message).toContain(`${RULE}: a queue has no dead-letter queue (RedrivePolicy is none).`);
    expect(message).toContain('Shop/Beats/Resource');
    expect(message).toContain('deadLetterQueue: { queue: deadLetters, maxReceiveCount: 5 }');
  });

  it('a warning is shown and does not fail it', () => {
    const deadLetters = (stack: Stack) => new Queue(stack, 'Dead', { retentionPeriod: Duration.days(14) });
    const build = (stack: Stack) =>
      new Queue(stack, 'Beats', { deadLetterQueue: { queue: deadLetters(stack), maxReceiveCount: 5 } });
    expect(synth(build)).toBe('synthesised');
    expect(said()).toContain('Messaging-DeadLettersWithoutAlarm: nobody is told of dead letters');
  });

  it('an error that is acknowledged does not', () => {
    expect(synth((stack) => acknowledge(beats(stack), REASON))).toBe('synthesised');
    expect(said()).not.toContain(RULE);
  });

  it.each([RULE, `Sluice::${RULE}`])('an acknowledgement of %s without a reason fails it', (id) => {
    expect(synth((stack) => acknowledge(beats(stack), '', id))).toContain(
      'Messaging-AcknowledgedWithoutReason: an acknowledgement gives no reason',
    );
  });

  it('that an acknowledgement has no reason cannot be acknowledged', () => {
    const message = synth((stack) => {
      acknowledge(beats(stack), '');
      for (const id of ['AcknowledgedWithoutReason', 'QueueWithoutDeadLetters'])
        acknowledge(stack, REASON, `Sluice::Messaging-${id}`);
    });
    expect(message).toContain('Messaging-AcknowledgedWithoutReason: an acknowledgement gives no reason');
  });

  it('a pack on a stage finds what is in that stage only', () => {
    const message = synth(
      (stack) => beats(stack),
      (app) => new Stage(app, 'Prod'),
    );
    expect(message).toContain('Prod/Shop/Beats/Resource');
    expect(message).not.toContain('Elsewhere/Beats');
  });
});
