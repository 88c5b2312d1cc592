import { App, Stage as CdkStage, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, it } from 'vitest';
import { resolveStage } from '../../../lib/constructs/stages/resolve-stage.ts';
import {
  logRetentionOf,
  removalPolicyOf,
  stackProps,
  stageOf,
  useStage,
} from '../../../lib/constructs/stages/stage.ts';
import type { StageSettings } from '../../../lib/constructs/stages/stage-settings.ts';
import { days, hours } from '../../../lib/contracts/declaring/duration.ts';

describe('the settings of a stage', () => {
  it('are those of a stage that keeps nothing, unless they say otherwise', () => {
    expect(resolveStage('dev-alice')).toEqual({
      name: 'dev-alice',
      keepsData: false,
      logRetention: RetentionDays.ONE_WEEK,
      alarmEmails: { critical: [], warning: [] },
      alarms: 'all',
      dashboards: true,
      logs: {},
      runbooks: 'docs/runbooks/',
      mail: 'written',
      callers: [],
      reservedForCallers: undefined,
      warmTables: true,
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
      alarms: 'critical',
      dashboards: false,
      logs: { shards: 2, retention: days(2) },
      mail: { from: 'shop@shop.org', to: 'all@shop.org', perSecond: 14, identity: 'create' },
      reservedForCallers: 20,
      warmTables: false,
      callers: ['arn:aws:iam::111122223333:root', 'arn:aws:sts::111122223333:assumed-role/shop/me'],
      permissionsBoundary: 'teams/boundary',
      tags: { owner: 'team orders', costCentre: '4711' },
      env: { account: '111122223333', region: 'eu-west-1' },
    };
    expect(resolveStage('dev', { mail: { from: 'a@shop.org' } })).toMatchObject({
      mail: {
        ...{ from: 'a@shop.org', to: 'success+{customer}@simulator.amazonses.com', perSecond: 1, identity: 'existing' },
      },
    });
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
    [{ alarms: 'some' }, "alarms must be 'all' or 'critical' (given 'some')"],
    [{ dashboards: 1 }, 'dashboards must be true or false (given 1)'],
    [{ warmTables: 'yes' }, "warmTables must be true or false (given 'yes')"],
    [{ logs: { shard: 1 } }, "logs must be of shards, retention (given 'shard')"],
    [{ logs: { shards: 0 } }, 'logs.shards must be a whole number of 1 or more (given 0)'],
    [{ logs: { shards: 1.5 } }, 'logs.shards must be a whole number of 1 or more (given 1.5)'],
    [{ logs: { retention: hours(23) } }, 'logs.retention must be from 24 hours to 365 days, as days(1)'],
    [{ logs: { retention: days(366) } }, 'logs.retention must be from 24 hours to 365 days, as days(1)'],
    [
      { mail: 'simulated' },
      "mail must be 'written', or { from: 'an address that SES may send from' } (given 'simulated')",
    ],
    [{ mail: { to: 'a@shop.org' } }, 'mail.from must be an e-mail address (given undefined)'],
    [{ mail: { from: 'shop' } }, "mail.from must be an e-mail address (given 'shop')"],
    [{ mail: { from: 'a@shop.org', too: '' } }, "mail must be of from, to, perSecond, identity (given 'too')"],
    [{ mail: { from: 'a@shop.org', to: '{customer}' } }, 'mail.to must be an e-mail address, in which {customer}'],
    [
      { mail: { from: 'a@shop.org', to: 'customer-{customer}@example.com' } },
      "mail.to must be an address at which mail can be received: what bounces has SES pause the account. Leave it out for the mailbox simulator (given 'customer-{customer}@example.com')",
    ],
    [
      { mail: { from: 'a@shop.org', to: 'a@shop.example' } },
      'mail.to must be an address at which mail can be received',
    ],
    [{ mail: { from: 'a@shop.org', perSecond: 0 } }, 'mail.perSecond must be a number of 1 or more (given 0)'],
    [{ mail: { from: 'a@shop.org', identity: 'new' } }, "mail.identity must be 'existing' or 'create' (given 'new')"],
    [
      { callers: 'me' },
      "callers must be a list of ARNs of roles, users or accounts (arn:aws:iam::ACCOUNT:root) (given 'me')",
    ],
    [
      { callers: ['*'] },
      "callers must be a list of ARNs of roles, users or accounts (arn:aws:iam::ACCOUNT:root) (given '*')",
    ],
    [
      { permissionsBoundary: 'arn:aws:iam::1:policy/x' },
      'permissionsBoundary must be the name or ARN of a managed policy',
    ],
    [{ reservedForCallers: 0 }, "reservedForCallers must be a whole number of 1 or more, or 'none' (given 0)"],
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
    const app = new App({ context: { stage: 'dev' } });
    const [us, plain] = [new CdkStage(app, 'us'), new Stack(app, 'plain')];
    const inUs = new Stack(us, 'inner');
    useStage(us, resolveStage('prod-us'));
    expect(stageOf(inUs)).toMatchObject({ name: 'prod-us', alarmEmails: { critical: [] } });
    expect(removalPolicyOf(inUs)).toBe('retain-on-update-or-delete');
    expect(logRetentionOf(inUs)).toBe(90);
    expect(stageOf(plain)).toMatchObject({ name: 'dev', keepsData: false });
    expect(removalPolicyOf(plain)).toBe('destroy');
  });

  it('comes from the context in an app that chose none', () => {
    expect(stageOf(new App()).name).toBe('dev');
    expect(stageOf(new App({ context: { stage: 'prod' } }))).toMatchObject({ name: 'prod', keepsData: true });
  });

  it('has no settings from the context', () => {
    expect(() => stageOf(new App({ context: { alarmEmail: 'ops@shop.org' } }))).toThrow(
      "context 'alarmEmail' is not read (given 'ops@shop.org'): a deployment that forgets it would take it away. Write alarmEmails in useStage(app, resolveStage('dev', { ... }))",
    );
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
