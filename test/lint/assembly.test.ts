import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, NestedStack, Stack, Stage, Validations } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readAssembly } from '../../bin/apps/assembly-templates.ts';
import { lintSystem } from '../../lib/lint/lint.ts';
import { consume } from './plain.ts';

const RULE = 'Messaging-QueueWithoutDeadLetters';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-assembly-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, content: string): void => writeFileSync(join(folder, name), content);
const found = (place = folder) =>
  lintSystem(readAssembly(place)).map(({ rule, path, acknowledged }) => ({
    rule,
    path,
    ...(acknowledged === undefined ? {} : { reason: acknowledged.reason, at: acknowledged.path }),
  }));
const ofRule = (rule: string, place?: string) => found(place).filter((one) => one.rule === rule);

/** Synthesises an app without the pack, as it is or without the paths that help to read it. */
function synth(build: (app: App) => void, context: Record<string, unknown> = {}): void {
  process.env.CDK_VALIDATION = 'false';
  try {
    const app = new App({ outdir: folder, analyticsReporting: false, context });
    build(app);
    app.synth();
  } finally {
    delete process.env.CDK_VALIDATION;
  }
}

function consumed(scope: Stack): Queue {
  const queue = new Queue(scope, 'Beats');
  consume(scope, queue.queueArn);
  return queue;
}

describe('an assembly of an app without the pack', () => {
  it.each([{}, { 'aws:cdk:enable-path-metadata': true, 'aws:cdk:enable-asset-metadata': true }])(
    'is linted by construct paths, stages and nested stacks included (%o)',
    (context) => {
      synth((app) => {
        const stack = new Stack(new Stage(app, 'Prod'), 'Shop');
        const nested = new NestedStack(stack, 'Inner');
        const queue = consumed(nested);
        // Across the border of the nested stack: its queue is consumed by the stack around it, too.
        consume(stack, queue.queueArn, 'second');
        new Queue(new Stack(app, 'Elsewhere'), 'Beats');
      }, context);
      expect(ofRule(RULE)).toEqual([{ rule: RULE, path: 'Prod/Shop/Inner/Beats/Resource' }]);
      expect(ofRule('Messaging-SeveralFunctionsOnOneQueue')).toEqual([
        { rule: 'Messaging-SeveralFunctionsOnOneQueue', path: 'Prod/Shop/Inner/Beats/Resource' },
      ]);
    },
  );

  it('keeps what was acknowledged, with its reason, on a construct of a nested stack, too', () => {
    synth((app) => {
      const stack = new Stack(app, 'Shop');
      for (const one of [consumed(stack), consumed(new NestedStack(stack, 'Inner'))])
        Validations.of(one).acknowledge({ id: RULE, reason: 'its messages come again' });
      consumed(new Stack(app, 'Other'));
    });
    expect(ofRule(RULE)).toEqual([
      { rule: RULE, path: 'Other/Beats/Resource' },
      ...['Shop/Beats', 'Shop/Inner/Beats'].map((at) => ({
        ...{ rule: RULE, path: `${at}/Resource` },
        ...{ reason: 'its messages come again', at },
      })),
    ]);
  });

  it.each([
    ['no folder', () => 'nowhere', /there is no .*nowhere: name a folder that cdk synth wrote/],
    ['an empty folder', () => '.', /holds neither a cloud assembly \(manifest\.json\) nor a template with Resources/],
    ['a manifest that is no JSON', () => put('manifest.json', '{'), /manifest\.json is not valid JSON/],
    ['a manifest without artifacts', () => put('manifest.json', '{}'), /manifest\.json .*it has no artifacts/],
    ['a manifest that names a template that is not there', () => put('manifest.json', stackIn('x')), /no template .*x/],
    [
      'a template that is no object',
      () => put('x.json', '[]') && put('manifest.json', stackIn('x.json')),
      /x\.json is no CloudFormation template: it is no object/,
    ],
    [
      'resources that are no object',
      () => put('x.json', '{"Resources":[]}') && put('manifest.json', stackIn('x.json')),
      /x\.json is no CloudFormation template: Resources must be an object/,
    ],
    [
      'a stage that is not there',
      () => put('manifest.json', artifact('cdk:cloud-assembly', { directoryName: 'assembly-Prod' })),
      /there is no .*assembly-Prod.manifest\.json, which .* names as a stage/,
    ],
    ['YAML with a mistake', () => put('x.yaml', 'Resources: {A: 1\nB'), /x\.yaml is not valid YAML: .*line/s],
  ])('%s is a clear error', (_, make, message) => {
    const place = join(folder, make());
    expect(() => readAssembly(place)).toThrow(message);
  });
});

const put = (name: string, content: string): string => {
  write(name, content);
  return '.';
};
const artifact = (type: string, properties: object): string =>
  JSON.stringify({ version: '1', artifacts: { Shop: { type, properties } } });
const stackIn = (templateFile: string): string => artifact('aws:cloudformation:stack', { templateFile });

const WRITTEN = `
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  Stage: { Type: String }
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
Resources:
  Dead:
    Type: AWS::SQS::Queue
    Properties: { QueueName: !Sub 'dead-\${Stage}', MessageRetentionPeriod: 1209600 }
  Orders:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: !If [IsProd, 600, 60]
      RedrivePolicy: !If
        - IsProd
        - deadLetterTargetArn: !Sub 'arn:\${AWS::Partition}:sqs:\${AWS::Region}:\${AWS::AccountId}:dead-\${Stage}'
          maxReceiveCount: 5
        - !Ref AWS::NoValue
  Payments:
    Type: AWS::SQS::Queue
  Worker:
    Type: AWS::Lambda::Function
    Properties: { Timeout: !If [IsProd, 100, 10], Role: !ImportValue role }
  OrdersMapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: &mapping
      EventSourceArn: !GetAtt Orders.Arn
      FunctionName: !Ref Worker
      FunctionResponseTypes: [ReportBatchItemFailures]
  PaymentsMapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      EventSourceArn: !Sub '\${Payments.Arn}'
      FunctionName: !GetAtt [Worker, Arn]
      BatchSize: !FindInMap [Sizes, !Ref Stage, Batch]
      FunctionResponseTypes: [ReportBatchItemFailures]
  Loop: { Type: AWS::Lambda::Alias, Properties: { FunctionName: !Ref Loop } }
  Fn::ForEach::Many: [Name, [a, b], { 'Q\${Name}': { Type: AWS::SQS::Queue } }]
`;

describe('templates that somebody wrote', () => {
  it('are linted by logical ids, with short forms and conditions, other files passed over', () => {
    write('shop.yaml', WRITTEN);
    write('package.json', '{}');
    write('notes.yml', '- one\n- two');
    expect(found()).toEqual([
      { rule: 'Messaging-DeadLettersWithoutAlarm', path: 'shop/Dead' },
      { rule: 'Messaging-QueueWithoutLagAlarm', path: 'shop/Orders' },
      { rule: RULE, path: 'shop/Payments' },
      { rule: 'Messaging-VisibilityBelowTimeout', path: 'shop/Payments' },
      { rule: 'Messaging-QueueWithoutLagAlarm', path: 'shop/Payments' },
    ]);
    expect(found(join(folder, 'shop.yaml'))).toEqual(found());
  });

  it('lead to those within them by a path beside them', () => {
    mkdirSync(join(folder, 'parts'));
    write(
      'parts/queues.yaml',
      'Resources: {Beats: {Type: AWS::SQS::Queue}}\nOutputs: {Arn: {Value: !GetAtt Beats.Arn}}',
    );
    write(
      'app.yaml',
      `Resources:
  Parts: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: parts/queues.yaml } }
  Gone: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: https://example.com/gone.yaml } }
  Mapping: { Type: AWS::Lambda::EventSourceMapping, Properties: { EventSourceArn: !GetAtt Parts.Outputs.Arn, FunctionName: theirs } }`,
    );
    expect(ofRule(RULE)).toEqual([{ rule: RULE, path: 'app/Parts/Beats' }]);
  });

  it('with more aliases than anybody writes are refused', () => {
    const aliases = (count: number) =>
      write('shop.yaml', `Resources:\n  A: &a { Type: x }\n  B: [${'*a, '.repeat(count)}]`);
    aliases(1_001);
    expect(() => readAssembly(folder)).toThrow(/shop\.yaml has more than 1000 aliases/);
    aliases(1_000);
    expect(readAssembly(folder).templates).toHaveLength(1);
  });
});
