import { describe, expect, it } from 'vitest';
import { createIam, type Iam, PolicyError, type PolicyStatement, rolePrincipal } from '../../../lib/local/iam.ts';

const ACCOUNT = '000000000000';
const ROLE = `arn:aws:iam::${ACCOUNT}:role/app/worker`;
const SESSION = `arn:aws:sts::${ACCOUNT}:assumed-role/worker/run`;
const TABLE = `arn:aws:dynamodb:us-east-1:${ACCOUNT}:table/orders`;
const KEY = `arn:aws:kms:us-east-1:${ACCOUNT}:key/1`;
const GET = 'dynamodb:GetItem';
const worker = rolePrincipal(ROLE, 'run');
const sns = {
  kind: 'service',
  service: 'sns.amazonaws.com',
  sourceArn: `arn:aws:sns:us-east-1:${ACCOUNT}:topic`,
} as const;

const allow = (Action: string, Resource = '*'): PolicyStatement => ({ Effect: 'Allow', Action, Resource });
const deny = (Action: string, Resource = '*'): PolicyStatement => ({ Effect: 'Deny', Action, Resource });
const ofResource = (statement: PolicyStatement, Principal: PolicyStatement['Principal']): PolicyStatement => ({
  ...statement,
  Principal,
});

interface Account {
  readonly role?: readonly PolicyStatement[];
  readonly boundary?: readonly PolicyStatement[];
  readonly table?: readonly PolicyStatement[];
}
function account({ role = [], boundary, table }: Account): Iam {
  const iam = createIam({ account: ACCOUNT, region: 'us-east-1' });
  iam.roles.put(ROLE, 'policy', { Statement: role });
  if (boundary !== undefined) iam.boundaries.put(ROLE, 'boundary', { Statement: boundary });
  if (table !== undefined) iam.resources.put(TABLE, 'policy', { Statement: table });
  return iam;
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html */
describe('a role that asks', () => {
  const REFUSED = `User: ${SESSION} is not authorized to perform: ${GET} on resource: ${TABLE} `;
  it.each<[string, Account, string | undefined]>([
    ['nothing allows it', {}, 'because no identity-based policy allows the dynamodb:GetItem action'],
    ['its own policy allows it', { role: [allow('dynamodb:Get*')] }, undefined],
    [
      'its own policy denies what it allows',
      { role: [allow('*'), deny(GET)] },
      'with an explicit deny in an identity-based policy',
    ],
    ['the resource allows it by name', { table: [ofResource(allow(GET), { AWS: ROLE })] }, undefined],
    ['the resource allows everybody', { table: [ofResource(allow(GET), '*')] }, undefined],
    [
      'the resource leaves it to the account, whose role has nothing',
      { table: [ofResource(allow(GET), { AWS: `arn:aws:iam::${ACCOUNT}:root` })] },
      'because no identity-based policy allows the dynamodb:GetItem action',
    ],
    [
      'the resource allows a service',
      { table: [ofResource(allow(GET), { Service: 'sns.amazonaws.com' })] },
      'because no identity-based policy allows the dynamodb:GetItem action',
    ],
    [
      'the resource denies it',
      { role: [allow('*')], table: [ofResource(deny('*'), { AWS: ACCOUNT })] },
      'with an explicit deny in a resource-based policy',
    ],
    ['the boundary allows it too', { role: [allow('*')], boundary: [allow('dynamodb:*')] }, undefined],
    [
      'the boundary does not allow it',
      { role: [allow('*')], boundary: [allow('sqs:*')] },
      'because no permissions boundary allows the dynamodb:GetItem action',
    ],
    [
      'the boundary denies it',
      { role: [allow('*')], boundary: [allow('*'), deny(GET)] },
      'with an explicit deny in a permissions boundary',
    ],
    ['a boundary alone allows nothing', { boundary: [allow('*')] }, 'because no identity-based policy allows'],
  ])('%s', (_name, policies, reason) => {
    const message = account(policies).wouldRefuse(worker, GET, TABLE)?.message;
    if (reason === undefined) expect(message).toBeUndefined();
    else expect(message).toContain(REFUSED + reason);
  });
});

describe('customer keys', () => {
  const SEND = 'sqs:SendMessage';
  const QUEUE = `arn:aws:sqs:us-east-1:${ACCOUNT}:work`;
  const root = { AWS: `arn:aws:iam::${ACCOUNT}:root` };
  function encrypted(key: string, keyPolicy: readonly PolicyStatement[], role: readonly PolicyStatement[] = []): Iam {
    const iam = account({ role: [allow('sqs:*'), ...role] });
    iam.keys.add('1', KEY);
    iam.keys.add('alias/orders', KEY);
    iam.resources.put(KEY, 'KeyPolicy', { Statement: keyPolicy });
    iam.resources.put(QUEUE, 'policy', {
      Statement: ofResource(allow(SEND), { Service: 'sns.amazonaws.com' }),
    });
    iam.keys.encrypt(QUEUE, key);
    return iam;
  }
  const message = (iam: Iam, who: Parameters<Iam['wouldRefuse']>[0] = worker, action = SEND) =>
    iam.wouldRefuse(who, action, QUEUE)?.message;

  it.each([KEY, '1', 'alias/orders', `arn:aws:kms:us-east-1:${ACCOUNT}:alias/orders`])('are found by %s', (key) => {
    expect(message(encrypted(key, [ofResource(allow('kms:*'), root)]))).toContain(
      `kms:GenerateDataKey on resource: ${KEY} because no identity-based policy allows`,
    );
  });

  it('may be used by roles that may, when the key leaves it to the account', () => {
    const keyPolicy = [ofResource(allow('kms:*'), root)];
    expect(message(encrypted('1', keyPolicy, [allow('kms:GenerateDataKey', KEY)]))).toContain(
      'kms:Decrypt on resource',
    );
    expect(
      message(encrypted('1', keyPolicy, [allow('kms:Decrypt', KEY)]), worker, 'sqs:ReceiveMessage'),
    ).toBeUndefined();
    expect(message(encrypted('1', keyPolicy, [allow('kms:*', KEY)]))).toBeUndefined();
    expect(message(encrypted('1', [], [allow('kms:*', KEY)]))).toContain('because no resource-based policy allows');
    expect(message(encrypted('1', keyPolicy), worker, 'sqs:DeleteMessage')).toBeUndefined();
  });

  it('may be used by services that the key names, and under the conditions it sets', () => {
    const use = (via: string): PolicyStatement => ({
      ...ofResource(allow('kms:*'), { Service: 'sns.amazonaws.com' }),
      Condition: { StringEquals: { 'kms:ViaService': via } },
    });
    expect(message(encrypted('1', [ofResource(allow('kms:*'), root)]), sns)).toBe(
      `Resource: ${sns.sourceArn} (sns.amazonaws.com) is not authorized to perform: kms:GenerateDataKey on resource: ${KEY} because no resource-based policy allows the kms:GenerateDataKey action`,
    );
    expect(message(encrypted('1', [use('sqs.us-east-1.amazonaws.com')]), sns)).toBeUndefined();
    expect(message(encrypted('1', [use('s3.us-east-1.amazonaws.com')]), sns)).toContain('kms:GenerateDataKey');
  });

  it('that AWS manages serve every role and no service', () => {
    expect(message(encrypted('alias/aws/sqs', []))).toBeUndefined();
    expect(message(encrypted('alias/aws/sqs', []), sns)).toContain('alias/aws/sqs because no resource-based policy');
  });

  it('from another account are not asked about', () => {
    expect(message(encrypted('arn:aws:kms:us-east-1:111111111111:key/x', []))).toBeUndefined();
  });
});

describe('topics', () => {
  const TOPIC = `arn:aws:sns:us-east-1:${ACCOUNT}:alarms`;
  const alarm = {
    kind: 'service',
    service: 'cloudwatch.amazonaws.com',
    sourceArn: `arn:aws:cloudwatch:us-east-1:${ACCOUNT}:alarm:a`,
  } as const;
  const rule = {
    kind: 'service',
    service: 'events.amazonaws.com',
    sourceArn: `arn:aws:events:us-east-1:${ACCOUNT}:rule/r`,
  } as const;
  const iamWith = (policy?: PolicyStatement) =>
    createIam({
      account: ACCOUNT,
      region: 'us-east-1',
      protectionOf: () => ({ policy: policy && JSON.stringify({ Statement: policy }), key: undefined }),
    });

  it('without a policy let alarms in, and no other service', () => {
    expect(iamWith().wouldRefuse(alarm, 'sns:Publish', TOPIC)).toBeUndefined();
    expect(iamWith().wouldRefuse(rule, 'sns:Publish', TOPIC)?.message).toContain('no resource-based policy');
  });

  it('with a policy let in whom it names: a Deny of plain HTTP alone shuts alarms out', () => {
    const tlsOnly: PolicyStatement = {
      ...ofResource(deny('sns:Publish', TOPIC), '*'),
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    };
    expect(iamWith(tlsOnly).wouldRefuse(alarm, 'sns:Publish', TOPIC)).toMatchObject({
      principal: alarm.sourceArn,
      action: 'sns:Publish',
      resource: TOPIC,
    });
  });
});

describe('taking on a role', () => {
  const GROUP = `arn:aws:scheduler:us-east-1:${ACCOUNT}:schedule-group/default`;
  const trust = (Condition: PolicyStatement['Condition']) => {
    const iam = createIam({ account: ACCOUNT, region: 'us-east-1' });
    const Principal = { Service: 'scheduler.amazonaws.com' };
    iam.trust.put(ROLE, 'trust', { Statement: { Effect: 'Allow', Principal, Action: 'sts:AssumeRole', Condition } });
    return iam;
  };

  it('needs the trust of the role, under its conditions', () => {
    const mine = trust({ StringEquals: { 'aws:SourceAccount': ACCOUNT, 'aws:SourceArn': GROUP } });
    expect(mine.wouldRefuseRole(ROLE, 'scheduler.amazonaws.com', GROUP)).toBeUndefined();
    expect(mine.wouldRefuseRole(ROLE, 'scheduler.amazonaws.com', `${GROUP}2`)?.message).toContain('sts:AssumeRole');
    expect(mine.wouldRefuseRole(ROLE, 'lambda.amazonaws.com', GROUP)?.message).toContain(`on resource: ${ROLE}`);
  });
});

it('without IAM everybody may do everything, and no policy is looked at', () => {
  const iam = createIam({ account: ACCOUNT, region: 'us-east-1', enforced: false });
  iam.roles.put(ROLE, 'policy', { Statement: [{ Effect: 'Allow', Condition: { Odd: {} } }] });
  expect(iam.wouldRefuse(worker, GET, TABLE)).toBeUndefined();
  expect(iam.wouldRefuse(sns, 'sqs:SendMessage', TABLE)).toBeUndefined();
});

describe('policies of each kind', () => {
  const principal = { Principal: { Service: 'lambda.amazonaws.com' } };
  const PLACES = {
    roles: 'identity',
    boundaries: 'identity',
    trust: 'trust',
    resources: 'resource',
  } as const;
  /** What each kind takes: a role's own policies are about the role and name resources; the others name who is meant. */
  it.each<[string, object, readonly (typeof PLACES)[keyof typeof PLACES][]]>([
    ['action and resource', { Action: 'sqs:SendMessage', Resource: '*' }, ['identity']],
    ['no resource', { Action: 'sts:AssumeRole', ...principal }, ['trust', 'resource']],
    ['principal and resource', { Action: 'sqs:SendMessage', Resource: '*', ...principal }, ['trust', 'resource']],
    ['neither', { Action: 'sqs:SendMessage' }, []],
    ['who is not meant', { Action: 'sqs:SendMessage', Resource: '*', NotPrincipal: { AWS: ROLE } }, []],
    ['no action', { Resource: '*', ...principal }, []],
  ])('%s', (_, statement, taken) => {
    const iam = createIam({ account: ACCOUNT, region: 'us-east-1' });
    const lax = createIam({ account: ACCOUNT, region: 'us-east-1', enforced: false });
    for (const [place, kind] of Object.entries(PLACES) as [
      keyof typeof PLACES,
      (typeof PLACES)[keyof typeof PLACES],
    ][]) {
      const put = (one: Iam) => () => one[place].put(ROLE, 'p', { Statement: [{ Effect: 'Allow', ...statement }] });
      if (taken.includes(kind)) expect(put(iam), place).not.toThrow();
      else expect(put(iam), place).toThrow(PolicyError);
      expect(put(lax), place).not.toThrow();
    }
  });
});
