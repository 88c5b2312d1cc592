import { type App, CfnParameter, Fn, NestedStack, Stack } from 'aws-cdk-lib';
import { Alias, type CfnFunction, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { CfnQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, it } from 'vitest';
import { lintApp } from './linted.ts';
import { deadLetters, fn, queue, work } from './plain.ts';

/** A queue that is short of visibility by whatever way its consumer refers to it, or its dead letters to it. */
const visibility = (build: (app: App) => void) =>
  lintApp(build)
    .filter(({ rule }) => rule === 'Messaging-VisibilityBelowTimeout')
    .map(({ path }) => path);

const consumer = (stack: Stack) =>
  new LambdaFunction(stack, 'Consumer', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = async () => undefined'),
  });
const slow = { fn: { timeout: 31 }, queue: { visibilityTimeout: 30 } };

describe('a queue is found', () => {
  it('in its stack', () => {
    expect(visibility((app) => work(new Stack(app, 'Shop'), slow))).toEqual(['Shop/work']);
  });

  it('by an ARN that is put together', () => {
    expect(
      visibility((app) => {
        const stack = new Stack(app, 'Shop');
        const { mapping } = work(stack, slow);
        mapping.eventSourceArn = Fn.sub(`arn:\${AWS::Partition}:sqs:\${AWS::Region}:\${AWS::AccountId}:work`);
      }),
    ).toEqual(['Shop/work']);
  });

  it('by a literal ARN in another stack', () => {
    expect(
      visibility((app) => {
        const { mapping } = work(new Stack(app, 'Shop'), slow);
        mapping.eventSourceArn = 'arn:aws:sqs:eu-west-1:111122223333:work';
        mapping.functionName = 'worker';
      }),
    ).toEqual(['Shop/work']);
  });

  it.each(['strong', 'both', 'weak'])('in another stack, by a reference that is %s', (strength) => {
    expect(
      visibility((app) => {
        app.node.setContext('@aws-cdk/core:defaultCrossStackReferences', strength);
        const source = queue(new Stack(app, 'Shop'), 'work', { visibilityTimeout: 30 });
        const workers = new Stack(app, 'Workers');
        const { mapping } = work(workers, { ...slow, queue: { queueName: 'other', visibilityTimeout: 31 } });
        mapping.eventSourceArn = source.attrArn;
      }),
    ).toEqual(['Shop/work']);
  });

  it('from a nested stack, by its parameter', () => {
    expect(
      visibility((app) => {
        const stack = new Stack(app, 'Shop');
        const source = queue(stack, 'work', { visibilityTimeout: 30 });
        const { mapping } = work(new NestedStack(stack, 'Nested'), {
          ...slow,
          queue: { queueName: 'other', visibilityTimeout: 31 },
        });
        mapping.eventSourceArn = source.attrArn;
      }),
    ).toEqual(['Shop/work']);
  });

  it('in a nested stack, by its output', () => {
    expect(
      visibility((app) => {
        const stack = new Stack(app, 'Shop');
        const source = queue(new NestedStack(stack, 'Nested'), 'work', { visibilityTimeout: 30 });
        const { mapping } = work(stack, { ...slow, queue: { queueName: 'other', visibilityTimeout: 31 } });
        mapping.eventSourceArn = source.attrArn;
      }),
    ).toEqual(['Shop/Nested/work']);
  });

  it('behind the alias of a function', () => {
    expect(
      visibility((app) => {
        const stack = new Stack(app, 'Shop');
        const lambda = new LambdaFunction(stack, 'Slow', {
          runtime: Runtime.NODEJS_24_X,
          handler: 'index.handler',
          code: Code.fromInline('exports.handler = async () => undefined'),
        });
        // The CDK itself refuses a timeout above the visibility.
        (lambda.node.defaultChild as CfnFunction).timeout = 31;
        const alias = new Alias(stack, 'Live', { aliasName: 'live', version: lambda.currentVersion });
        alias.addEventSource(new SqsEventSource(new Queue(stack, 'Work')));
      }),
    ).toEqual(['Shop/Work/Resource']);
  });
});

describe('what is not known before deployment', () => {
  it('is no mistake', () => {
    const findings = lintApp((app) => {
      const stack = new Stack(app, 'Shop');
      const seconds = new CfnParameter(stack, 'Seconds', { type: 'Number' }).valueAsNumber;
      work(stack, { queue: { visibilityTimeout: seconds, messageRetentionPeriod: seconds }, fn: { timeout: seconds } });
    });
    expect(findings).toEqual([]);
  });

  it('a queue of another app is taken as it is', () => {
    const findings = lintApp((app) => {
      const stack = new Stack(app, 'Shop');
      const { mapping } = work(stack);
      mapping.eventSourceArn = 'arn:aws:sqs:eu-west-1:444455556666:theirs';
      const other = Queue.fromQueueArn(stack, 'Theirs', 'arn:aws:sqs:eu-west-1:444455556666:theirs');
      consumer(stack).addEventSource(new SqsEventSource(other, { reportBatchItemFailures: true, maxConcurrency: 5 }));
    });
    expect(findings).toEqual([]);
  });
});

describe('overrides and properties that are JSON text', () => {
  it('are read as CloudFormation reads them', () => {
    const findings = lintApp((app) => {
      const stack = new Stack(app, 'Shop');
      const dead = deadLetters(stack, 'dead');
      const made = new CfnQueue(stack, 'Made', { queueName: 'made' });
      made.addPropertyOverride(
        'RedrivePolicy',
        stack.toJsonString({ deadLetterTargetArn: 'arn:aws:sqs:eu-west-1:111122223333:dead', maxReceiveCount: 5 }),
      );
      fn(stack, 'unused');
      expect(dead.logicalId).toBeDefined();
    });
    expect(findings).toEqual([]);
  });
});
