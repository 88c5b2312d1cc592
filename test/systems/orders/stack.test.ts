import type { App } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { readGraph } from '../../../lib/lint/graph/graph.ts';
import {
  chargeCard,
  makeInvoice,
  ordersOutbox,
  reserveStock,
  salesTotals,
  sendEmail,
} from '../../../lib/systems/orders/contract.ts';
import { dashboardText, OPERATIONS_RULES } from '../../constructs/operations-rules.ts';
import { SECURITY_RULES } from '../../constructs/security-rules.ts';
import {
  all,
  BUCKET,
  FUNCTION,
  idOf,
  listOf,
  QUEUE,
  type Resource,
  STREAM,
  TABLE,
  type TemplateJson,
  TOPIC,
} from '../../constructs/template-view.ts';
import { WATCHING_RULES } from '../../constructs/watching-rules.ts';
import { ordersApp, ordersTemplate } from './synthesised.ts';

const dev = ordersTemplate('dev');
const prod = ordersTemplate('prod');

const RULES = [...SECURITY_RULES, ...OPERATIONS_RULES, ...WATCHING_RULES].map((rule) => [rule.name, rule] as const);

describe('the orders stack keeps the house rules', () => {
  it.each(RULES)('%s', (_, { check }) => {
    expect(check(dev)).toEqual([]);
    expect(check(prod)).toEqual([]);
  });
});

describe('a mistake is found', () => {
  it.each(RULES)('against: %s', (_, { check, mistake }) => {
    const broken: TemplateJson = structuredClone(dev);
    mistake(broken);
    expect(check(broken)).not.toEqual([]);
  });
});

describe('the linter (test/lint runs it over the app)', () => {
  it('understands all of the wiring, so that its rules have something to look at', () => {
    const { mappings, queues, subscriptions, declared } = ordersApp('dev', (stack) => {
      (stack.node.root as App).synth();
      return readGraph(stack);
    });
    expect(mappings.map(({ kind }) => kind).sort()).toEqual(['queue', 'queue', 'queue', 'queue', 'stream', 'stream']);
    for (const { fn, queue, stream, table, resource } of mappings) {
      expect(fn, resource.path).toBeDefined();
      expect(queue ?? stream ?? table, resource.path).toBeDefined();
    }
    for (const { redrive, deadLettersOf, resource } of queues) {
      expect(redrive?.target !== undefined || deadLettersOf.length > 0, resource.path).toBe(true);
    }
    expect(subscriptions.filter(({ topic, queue, deadLetters }) => topic && queue && deadLetters)).toHaveLength(4);
    expect(declared.subscriptions).toHaveLength(5);
    expect(declared.channels).toHaveLength(6);
  });
});

describe('stages', () => {
  /** What holds data, messages, logs, or what opens them. */
  const KEPT = [TABLE, BUCKET, STREAM, QUEUE, 'AWS::Logs::LogGroup', 'AWS::KMS::Key'];

  it.each([
    [
      'prod keeps what holds data, also when it is replaced, but not of a creation that fails',
      prod,
      'RetainExceptOnCreate',
      'Retain',
    ],
    ['dev keeps nothing', dev, 'Delete', 'Delete'],
  ])('%s', (_, template, deletion, replacement) => {
    const stores = KEPT.flatMap((type) => all(template, type));
    expect(stores.length).toBeGreaterThanOrEqual(30);
    for (const [id, , { DeletionPolicy, UpdateReplacePolicy }] of stores)
      expect([id, DeletionPolicy, UpdateReplacePolicy]).toEqual([id, deletion, replacement]);
  });

  it.each([
    ['AWS::SQS::QueuePolicy', prod, 'RetainExceptOnCreate'],
    ['AWS::SQS::QueuePolicy', dev, 'Delete'],
    ['AWS::S3::BucketPolicy', prod, 'RetainExceptOnCreate'],
    // The bucket takes it along. Until then it keeps out what would be written after the bucket was emptied.
    ['AWS::S3::BucketPolicy', dev, 'RetainExceptOnCreate'],
  ])('what is kept keeps its policy, without which it takes plain HTTP: %s', (type, template, deletion) => {
    expect(all(template, type).length).toBeGreaterThan(4);
    for (const [id, , { DeletionPolicy }] of all(template, type)) expect([id, DeletionPolicy]).toEqual([id, deletion]);
  });

  it('dev empties every bucket before it is deleted, by a function that may do nothing else', () => {
    const emptied = all(dev, 'Custom::S3AutoDeleteObjects').map(([, { BucketName }]) => idOf(BucketName));
    expect(emptied.sort()).toEqual(
      all(dev, BUCKET)
        .map(([id]) => id)
        .sort(),
    );
    expect(all(prod, 'Custom::S3AutoDeleteObjects')).toEqual([]);
    const [[, role] = [], ...more] = all(dev, 'AWS::IAM::Role').filter(([id]) => EMPTIER.test(id));
    expect(more).toEqual([]);
    const logs = all(dev, 'AWS::Logs::LogGroup').find(([id]) => EMPTIER.test(id))?.[0];
    expect(role).toEqual({
      AssumeRolePolicyDocument: expect.anything(),
      Policies: [
        {
          PolicyName: 'logs',
          PolicyDocument: {
            Version: '2012-10-17',
            Statement: [
              {
                Effect: 'Allow',
                Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
                Resource: { 'Fn::GetAtt': [logs, 'Arn'] },
              },
            ],
          },
        },
      ],
    });
  });

  /** What empties buckets. Its function and role are the CDK's, which cannot have tags; it runs when the stack is destroyed. */
  const EMPTIER = /^CustomS3AutoDeleteObjects|^EmptierLogs|AutoDeleteObjectsCustomResource/;

  /** A template without what empties its buckets: the resources, the tag by which they know a bucket, and what its policy lets them do. */
  function withoutEmptier(template: TemplateJson): Resource[] {
    const { Resources } = structuredClone(template);
    const rest = Object.entries(Resources).filter(([id]) => !EMPTIER.test(id));
    return rest.map(([, resource]) => {
      const { Tags, PolicyDocument: policy } = resource.Properties ?? {};
      if (resource.Type === BUCKET)
        resource.Properties.Tags = Tags.filter(({ Key }: { Key: string }) => Key !== 'aws-cdk:auto-delete-objects');
      if (resource.Type === 'AWS::S3::BucketPolicy')
        policy.Statement = policy.Statement.filter(
          ({ Action }: { Action: unknown }) => !listOf(Action).includes('s3:PutBucketPolicy'),
        );
      return resource;
    });
  }

  it('prod differs from dev in names, tags, what is kept, reserved and empties buckets, and in nothing else', () => {
    // Without the logical ids: the CDK puts the stack's name into those of a schedule's permissions, to which nothing refers.
    const plain = (template: TemplateJson, stage: string): string[] =>
      withoutEmptier(template)
        .map(({ DeletionPolicy: _, UpdateReplacePolicy: __, ...resource }) =>
          JSON.stringify(Object.entries(resource).sort())
            .replaceAll(`"Value":"${stage}"`, '"Value":"STAGE"')
            .replaceAll(`sluice-${stage}-`, 'sluice-STAGE-')
            .replaceAll(/"(RetentionInDays|ExpirationInDays)":(7|90)\b/g, '"$1":0')
            .replace('"ReservedConcurrentExecutions":100,', ''),
        )
        .sort();
    expect(plain(prod, 'prod')).toEqual(plain(dev, 'dev'));
  });

  it.each([
    ['dev', {}, undefined],
    ['prod', {}, 100],
    ['prod', { reservedForCallers: 'none' }, undefined],
    ['dev', { reservedForCallers: 7 }, 7],
  ] as const)(
    '%s with %j reserves %s executions for who places orders, and nothing else',
    (stage, settings, reserved) => {
      const found = all(ordersTemplate(stage, settings), FUNCTION).flatMap(
        ([, { FunctionName, ReservedConcurrentExecutions: most }]) =>
          most === undefined ? [] : [[FunctionName, most]],
      );
      expect(found).toEqual(reserved === undefined ? [] : [[`sluice-${stage}-orders-place-order`, reserved]]);
    },
  );

  it('who is a caller gets both permissions that a function URL asks for', () => {
    const caller = 'arn:aws:iam::111122223333:role/shop';
    const permissions = all(ordersTemplate('dev', { callers: [caller] }), 'AWS::Lambda::Permission')
      .map(([, properties]) => properties)
      .filter(({ Principal }) => Principal === caller);
    const ofPlaceOrder = { FunctionName: { 'Fn::GetAtt': [expect.stringContaining('PlaceOrder'), 'Arn'] } };
    expect(permissions).toEqual([
      { ...ofPlaceOrder, Principal: caller, Action: 'lambda:InvokeFunctionUrl', FunctionUrlAuthType: 'AWS_IAM' },
      { ...ofPlaceOrder, Principal: caller, Action: 'lambda:InvokeFunction', InvokedViaFunctionUrl: true },
    ]);
  });

  it('what runs every minute is tried once by Lambda, too, and not when the next run is due', () => {
    const once = all(dev, 'AWS::Lambda::EventInvokeConfig').map(([, properties]) => {
      expect(properties).toMatchObject({ MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 });
      return idOf(properties.FunctionName);
    });
    const targets = all(dev, 'AWS::Events::Rule').flatMap(([, { Targets }]) =>
      Targets.map(({ Arn }: { Arn: unknown }) => idOf(Arn)),
    );
    expect(once).toEqual(targets);
    expect(targets).not.toEqual([]);
  });

  it('is the same template every time', () => {
    expect(JSON.stringify(ordersTemplate('dev'))).toBe(JSON.stringify(dev));
  });

  it('tags what costs money with stage, system, component and owner', () => {
    const tagged = ordersTemplate('dev', { tags: { owner: 'team orders', costCentre: '4711' } });
    const common = { 'sluice:stage': 'dev', 'sluice:system': 'orders', owner: 'team orders', 'cost-centre': '4711' };
    const tagsOf = (type: string): Record<string, string>[] =>
      all(tagged, type).map(([id, { Tags = [] }]) =>
        EMPTIER.test(id)
          ? common
          : Object.fromEntries((Tags as { Key: string; Value: string }[]).map(({ Key, Value }) => [Key, Value])),
      );
    for (const type of [QUEUE, STREAM, TABLE, TOPIC, BUCKET, FUNCTION, 'AWS::Logs::LogGroup', 'AWS::KMS::Key'])
      for (const tags of tagsOf(type)) expect(tags).toMatchObject(common);
    const components = (type: string) => new Set(tagsOf(type).map((tags) => tags['sluice:component']));
    const consumers = [chargeCard, makeInvoice, reserveStock, sendEmail, salesTotals].map(({ name }) => name);
    expect(components(QUEUE)).toEqual(new Set([...consumers, ordersOutbox.name]));
    expect(components(STREAM)).toEqual(new Set(['order-log']));
    for (const name of consumers) expect(components(FUNCTION)).toContain(name);
  });

  it.each([
    [
      'boundary',
      {
        'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':iam::', { Ref: 'AWS::AccountId' }, ':policy/boundary']],
      },
    ],
    ['arn:aws:iam::111122223333:policy/teams/boundary', 'arn:aws:iam::111122223333:policy/teams/boundary'],
  ])('bounds every role by %s', (permissionsBoundary, arn) => {
    const roles = all(ordersTemplate('dev', { permissionsBoundary }), 'AWS::IAM::Role');
    expect(roles.length).toBeGreaterThan(5);
    for (const [, { PermissionsBoundary }] of roles) expect(PermissionsBoundary).toEqual(arn);
    expect(JSON.stringify(dev)).not.toContain('PermissionsBoundary');
  });

  it('are told apart by the names of what people see', () => {
    const names = (template: TemplateJson) => all(template, QUEUE).map(([, { QueueName }]) => String(QueueName));
    for (const name of names(dev)) expect(name).toMatch(/^sluice-dev-orders-/);
    for (const name of names(prod)) expect(name).toMatch(/^sluice-prod-orders-/);
  });

  it.each(['Prod', '9th', 'a'.repeat(17), 'has space', ''])("refuses the stage '%s'", (stage) => {
    expect(() => ordersTemplate(stage)).toThrow(
      `context 'stage' must be 1 to 16 characters, a-z, 0-9 and hyphens, starting with a letter (given '${stage}'). Write for example: npx cdk deploy --all -c stage=dev`,
    );
  });
});

describe('what the stack has', () => {
  it('is the declared work: four queues, a log, an outbox and their functions', () => {
    const count = (type: string) => all(dev, type).length;
    expect({
      queues: count(QUEUE),
      streams: count(STREAM),
      mappings: count('AWS::Lambda::EventSourceMapping'),
      dashboards: count('AWS::CloudWatch::Dashboard'),
    }).toEqual({
      queues: 14,
      streams: 1,
      mappings: 6,
      dashboards: 1,
    });
  });

  it('shows every consumer and the outbox on the dashboard, by name', () => {
    const text = dashboardText(dev);
    for (const { name } of [chargeCard, reserveStock, makeInvoice, sendEmail, salesTotals, ordersOutbox]) {
      expect(text).toContain(`: ${name}"`);
    }
  });

  it('gives no physical name to what may have to be replaced', () => {
    for (const [id, properties] of [...all(dev, TABLE), ...all(dev, BUCKET)]) {
      expect([id, properties.TableName ?? properties.BucketName]).toEqual([id, undefined]);
    }
  });
});

describe('a delivery that comes twice does its effect once', () => {
  /** What a function may do to what is not Sluice's own: services whose calls change something, as its role says. */
  function effectsOf(functionName: string, template: TemplateJson): readonly string[] {
    const [, { Role }] = all(template, FUNCTION).find(([, { FunctionName }]) => FunctionName === functionName) ?? [
      '',
      {},
    ];
    const statements = all(template, 'AWS::IAM::Policy')
      .filter(([, { Roles }]) => listOf<unknown>(Roles).some((role) => idOf(role) === idOf(Role)))
      .flatMap(
        ([, { PolicyDocument }]) => PolicyDocument.Statement as { Action: string | string[]; Resource: unknown }[],
      );
    const own = (resource: unknown) => /inbox|claims|letters/i.test(JSON.stringify(resource));
    return [
      ...new Set(
        statements
          .filter(({ Resource }) => !own(Resource))
          .flatMap(({ Action }) => listOf(Action))
          .filter((action) => /^(ses|s3|dynamodb):(Send|Put|Update|Delete|Transact)/.test(action))
          .map((action) => action.split(':')[0] ?? ''),
      ),
    ];
  }

  /** Inboxes that hold for an effect: a table's commits with the inbox's; an object of the same name is the same; nothing takes an e-mail back. */
  const HOLDS: Readonly<Record<string, readonly string[]>> = {
    dynamodb: ['effect', 'exactly-once-aggregation'],
    s3: ['natural', 'lease'],
    ses: ['lease'],
  };

  it.each([
    [chargeCard, 'dynamodb'],
    [reserveStock, 'dynamodb'],
    [makeInvoice, 's3'],
    [sendEmail, 's3'],
    [sendEmail, 'ses', ordersTemplate('dev', { mail: { from: 'orders@shop.org' } })],
    [salesTotals, 'dynamodb'],
  ])('$0.name: $1', ({ name, guarantee, inbox }, effect, template = dev) => {
    expect(effectsOf(`sluice-dev-orders-${name}`, template)).toEqual([effect]);
    expect(HOLDS[effect]).toContain(guarantee === 'effectively-once' ? inbox : guarantee);
  });
});
