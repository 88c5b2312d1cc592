import { App, Stage as CdkStage, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, it } from 'vitest';
import { logRetentionOf, removalPolicyOf, stackProps, stageOf, useStage } from '../../lib/constructs/stage.ts';
import { resolveStage, type StageSettings } from '../../lib/constructs/stage-settings.ts';
import { days, hours } from '../../lib/contracts/duration.ts';

describe('the settings of a stage', () => {
  it('are those of a stage that keeps nothing, unless they say otherwise', () => {
    expect(resolveStage('dev-alice')).toEqual({
      name: 'dev-alice',
      keepsData: false,
      logRetention: RetentionDays.ONE_WEEK,
      alarmEmails: { critical: [], warning: [] },
      runbooks: 'docs/runbooks/',
      mailFrom: undefined,
      permissionsBoundary: undefined,
      tags: {},
      env: {},
    });
  });

  it.each([
    ['prod', true],
    ['prod-us', true],
    ['product', false],
    ['dev', false],
  ])('of %s keep data: %s', (name, keepsData) => {
    const logRetention = keepsData ? RetentionDays.THREE_MONTHS : RetentionDays.ONE_WEEK;
    expect(resolveStage(name)).toMatchObject({ keepsData, logRetention });
  });

  it('say what they say', () => {
    const settings: StageSettings = {
      keepsData: true,
      logRetention: days(14),
      alarmEmails: { critical: ['now@example.com', 'also@example.com'] },
      runbooks: 'https://wiki.example.com/runbooks',
      mailFrom: 'shop@example.com',
      permissionsBoundary: 'teams/boundary',
      tags: { owner: 'team orders', costCentre: '4711' },
      env: { account: '111122223333', region: 'eu-west-1' },
    };
    expect(resolveStage('dev', settings)).toEqual({
      ...settings,
      name: 'dev',
      logRetention: RetentionDays.TWO_WEEKS,
      alarmEmails: { critical: ['now@example.com', 'also@example.com'], warning: [] },
      runbooks: 'https://wiki.example.com/runbooks/',
      tags: { owner: 'team orders', 'cost-centre': '4711' },
    });
  });

  it.each<[unknown, string]>([
    [{ keepData: true }, "stage 'dev': a setting must be of keepsData, logRetention, "],
    [{ keepsData: 'yes' }, "stage 'dev': keepsData must be true or false (given 'yes')"],
    [{ logRetention: days(8) }, 'logRetention must be one of 1, 3, 5, 7, 14, '],
    [{ logRetention: hours(12) }, '(given {"seconds":43200})'],
    [
      { alarmEmails: { critical: 'a@example.com' } },
      "alarmEmails.critical must be a list of e-mail addresses (given 'a@example.com')",
    ],
    [
      { alarmEmails: { warning: ['nobody'] } },
      "alarmEmails.warning must be a list of e-mail addresses (given 'nobody')",
    ],
    [{ alarmEmails: { urgent: [] } }, "alarmEmails must be of critical, warning (given 'urgent')"],
    [{ runbooks: '' }, "runbooks must be the start of a link, without spaces (given '')"],
    [{ mailFrom: 'shop' }, "mailFrom must be an e-mail address (given 'shop')"],
    [
      { permissionsBoundary: 'arn:aws:iam::1:policy/x' },
      'permissionsBoundary must be the name or ARN of a managed policy',
    ],
    [{ permissionsBoundary: 'a b' }, "(given 'a b')"],
    [
      { tags: { owner: 'a*b' } },
      "tags.owner must be 1 to 256 letters, digits, spaces and + - = . _ : / @ (given 'a*b')",
    ],
    [{ tags: { costCentre: '' } }, 'tags.costCentre must be 1 to 256'],
    [{ tags: { cost: '1' } }, "tags must be of owner, costCentre (given 'cost')"],
    [{ env: { account: '1' } }, "env.account must be the 12 digits of an AWS account (given '1')"],
    [{ env: { region: 'Ireland' } }, "env.region must be the name of a region, as eu-west-1 (given 'Ireland')"],
  ])('are refused: %j', (settings, message) => {
    expect(() => resolveStage('dev', settings as StageSettings)).toThrow(message);
  });
});

describe('the stage of a construct', () => {
  it('is the nearest that was chosen', () => {
    const app = new App({ context: { stage: 'dev', alarmEmail: 'ops@example.com' } });
    const [us, plain] = [new CdkStage(app, 'us'), new Stack(app, 'plain')];
    const inUs = new Stack(us, 'inner');
    useStage(us, resolveStage('prod-us'));
    expect(stageOf(inUs)).toMatchObject({ name: 'prod-us', alarmEmails: { critical: [] } });
    expect(removalPolicyOf(inUs)).toBe('retain-on-update-or-delete');
    expect(logRetentionOf(inUs)).toBe(90);
    expect(stageOf(plain)).toMatchObject({ name: 'dev', alarmEmails: { warning: ['ops@example.com'] } });
    expect(removalPolicyOf(plain)).toBe('destroy');
  });

  it('comes from the context in an app that chose none', () => {
    expect(stageOf(new App()).name).toBe('dev');
    expect(stageOf(new App({ context: { stage: 'prod', runbooks: 'https://r.example.com' } }))).toMatchObject({
      name: 'prod',
      keepsData: true,
      runbooks: 'https://r.example.com/',
    });
    expect(() => stageOf(new App({ context: { alarmEmail: 'nobody' } }))).toThrow('alarmEmails.critical must be');
  });

  it('tags what is in it, and says where it goes', () => {
    const app = new App();
    const stage = useStage(
      app,
      resolveStage('test', { tags: { owner: 'orders' }, env: { account: '111122223333', region: 'eu-west-1' } }),
    );
    const stack = new Stack(app, 'tagged', stackProps(stage));
    new Queue(stack, 'queue');
    const Tags = [
      { Key: 'owner', Value: 'orders' },
      { Key: 'sluice:stage', Value: 'test' },
    ];
    Template.fromStack(stack).hasResourceProperties('AWS::SQS::Queue', { Tags });
    expect([stack.account, stack.region]).toEqual(['111122223333', 'eu-west-1']);
    expect(stackProps(resolveStage('dev'))).toEqual({});
  });
});
