import { Match, Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { stageNamed } from '../../../bin/stages.ts';
import { CHANNELS, LANES } from '../../../lib/systems/notifications/contract.ts';
import { NotificationsStack, type NotificationsStackProps } from '../../../lib/systems/notifications/stack.ts';
import { found } from '../../compliance/nag.ts';
import { STAGES } from '../../compliance/templates.ts';
import { lookAtStack } from '../synthesised.ts';

/** Looks at the stack in a stage. */
const inStage = <T>(
  name: string,
  look: (stack: NotificationsStack) => T,
  more: Partial<NotificationsStackProps> = {},
): T =>
  lookAtStack(
    (app, id, props) => new NotificationsStack(app, id, { ...props, ...more }),
    'notifications',
    stageNamed(name),
    look,
  );

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
