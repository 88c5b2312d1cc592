import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { stageNamed } from '../../../bin/stages.ts';
import { stackProps, useStage } from '../../../lib/constructs/stages/stage.ts';
import { CHANNELS, LANES } from '../../../lib/systems/notifications/contract.ts';
import { NotificationsStack, type NotificationsStackProps } from '../../../lib/systems/notifications/stack.ts';
import { found } from '../../compliance/nag.ts';
import { STAGES } from '../../compliance/templates.ts';

/** Looks at the stack in a stage, with a stub in place of each function's bundle. */
function inStage<T>(
  name: string,
  look: (stack: NotificationsStack) => T,
  props: Partial<NotificationsStackProps> = {},
): T {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-notifications-'));
  try {
    const bundle = join(folder, 'bundle');
    mkdirSync(bundle);
    writeFileSync(join(bundle, 'index.mjs'), 'export const handler = async () => undefined;\n');
    const app = new App({ outdir: join(folder, 'cdk.out') });
    const stage = useStage(app, stageNamed(name));
    const id = `sluice-${stage.name}-notifications`;
    return look(new NotificationsStack(app, id, { ...stackProps(stage), codeOf: () => bundle, ...props }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const WORKERS = CHANNELS.flatMap((channel) => LANES.map((lane) => `send-${channel}-${lane}`));

describe('the notifications', () => {
  it.each(STAGES)('leave cdk-nag nothing that is not acknowledged: %s', (stage) => {
    expect(inStage(stage, (stack) => found(stack.node.root))).toEqual([]);
  });

  it('have a function for each lane of each provider, which may do what it must and no more', () => {
    inStage('dev', (stack) => {
      const template = Template.fromStack(stack);
      const names = Object.values(template.findResources('AWS::Lambda::Function')).map(
        ({ Properties }) => Properties.FunctionName as string,
      );
      for (const worker of WORKERS) expect(names).toContain(`sluice-dev-notifications-${worker}`);
      const actions = Object.entries(template.findResources('AWS::IAM::Policy'))
        .filter(([id]) => /^sendpushbulk/i.test(id))
        .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement)
        .flatMap(({ Action }) => Action as string | string[])
        .filter((action) => action.startsWith('dynamodb:'));
      expect([...new Set(actions)].sort()).toEqual([
        'dynamodb:BatchGetItem',
        'dynamodb:DeleteItem',
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:UpdateItem',
      ]);
    });
  });

  it('have urgent SMS in order', () => {
    inStage('dev', (stack) => {
      const template = Template.fromStack(stack);
      template.hasResourceProperties('AWS::SQS::Queue', {
        QueueName: 'sluice-dev-notifications-sms-urgent.fifo',
        FifoQueue: true,
      });
      template.resourcePropertiesCountIs('AWS::SQS::Queue', { FifoQueue: true }, 2);
    });
  });

  it('are told what their providers take', () => {
    const providers = { email: { perSecond: 14, urgentShare: 0.5 } };
    inStage(
      'dev',
      (stack) => {
        const template = Template.fromStack(stack);
        template.hasResourceProperties('AWS::Lambda::Function', {
          FunctionName: 'sluice-dev-notifications-send-email-bulk',
          Environment: { Variables: Match.objectLike({ PROVIDER_LIMIT: '{"perSecond":14,"urgentShare":0.5}' }) },
        });
        template.hasOutput('ProviderLimits', { Value: '{"push":6000,"email":14,"sms":700}' });
      },
      { providers },
    );
  });
});
