import {
  all,
  BUCKET,
  type Entry,
  FUNCTION,
  first,
  idOf,
  listOf,
  offenders,
  QUEUE,
  type Rule,
  STREAM,
  TABLE,
  type TemplateJson,
  TOPIC,
} from './template-view.ts';

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Principal?: { readonly Service?: string };
  readonly Condition?: {
    readonly Bool?: Readonly<Record<string, string>>;
    readonly ArnEquals?: Readonly<Record<string, unknown>>;
  };
}

/** Statements on every resource (`*`) that are allowed all the same, each with its reason. */
const EVERY_RESOURCE: Readonly<Record<string, string>> = {
  'dynamodb:ListStreams':
    'takes no resource: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html',
};

const statementsOf = (properties: { PolicyDocument?: { Statement?: readonly Statement[] } }): readonly Statement[] =>
  properties.PolicyDocument?.Statement ?? [];

/** Policies of roles, apart or inside the role. */
const rolePolicies = (t: TemplateJson): Entry[] => [
  ...all(t, 'AWS::IAM::Policy'),
  ...all(t, 'AWS::IAM::Role').flatMap(([id, { Policies = [] }, role]) =>
    (Policies as object[]).map((policy): Entry => [id, policy, role]),
  ),
];

const deniesPlainHttp = ({ Effect, Condition }: Statement): boolean =>
  Effect === 'Deny' && Condition?.Bool?.['aws:SecureTransport'] === 'false';

/** Whether S3 may write the access logs of one bucket. */
const letsLogsIn = ({ Effect, Action, Principal, Condition }: Statement, bucket: string): boolean =>
  Effect === 'Allow' &&
  Action === 's3:PutObject' &&
  Principal?.Service === 'logging.s3.amazonaws.com' &&
  idOf(Condition?.ArnEquals?.['aws:SourceArn']) === bucket;

/** Resources of a type without a policy that refuses plain HTTP. */
function withoutTls(
  t: TemplateJson,
  type: string,
  policyType: string,
  targetsOf: (policy: Entry[1]) => unknown,
): string[] {
  const safe = new Set(
    all(t, policyType)
      .filter(([, policy]) => statementsOf(policy).some(deniesPlainHttp))
      .flatMap(([, policy]) => listOf(targetsOf(policy)).map(idOf)),
  );
  return offenders(all(t, type), ([id]) => safe.has(id));
}

const withoutDenial = (t: TemplateJson, policyType: string): void => {
  const policy = first(t, policyType).Properties.PolicyDocument;
  policy.Statement = policy.Statement.filter((statement: Statement) => !deniesPlainHttp(statement));
};

export const SECURITY_RULES: readonly Rule[] = [
  {
    name: 'every queue is encrypted by SQS itself, which SNS can deliver to',
    check: (t) => offenders(all(t, QUEUE), ([, queue]) => queue.SqsManagedSseEnabled === true),
    mistake: (t) => {
      first(t, QUEUE).Properties.SqsManagedSseEnabled = false;
    },
  },
  {
    name: 'every topic is encrypted by a key of this stack',
    check: (t) =>
      offenders(all(t, TOPIC), ([, topic]) => t.Resources[idOf(topic.KmsMasterKeyId) ?? '']?.Type === 'AWS::KMS::Key'),
    mistake: (t) => {
      first(t, TOPIC).Properties.KmsMasterKeyId = 'alias/aws/sns';
    },
  },
  {
    name: 'CloudWatch may use the key of the alarm topic',
    check: (t) =>
      offenders(all(t, 'AWS::KMS::Key'), ([, { KeyPolicy }]) =>
        KeyPolicy.Statement.some(
          ({ Principal, Action }: { Principal: { Service?: string }; Action: string[] }) =>
            Principal.Service === 'cloudwatch.amazonaws.com' &&
            ['kms:GenerateDataKey*', 'kms:Decrypt'].every((action) => listOf(Action).flat().includes(action)),
        ),
      ),
    mistake: (t) => void first(t, 'AWS::KMS::Key').Properties.KeyPolicy.Statement.pop(),
  },
  {
    name: 'alarms may publish to every topic they act on',
    check: (t) => {
      const acted = new Set(
        all(t, 'AWS::CloudWatch::Alarm').flatMap(([, { AlarmActions = [] }]) => AlarmActions.map(idOf)),
      );
      const letIn = new Set(
        all(t, 'AWS::SNS::TopicPolicy')
          .filter(([, policy]) =>
            statementsOf(policy).some(
              ({ Effect, Action, Principal }) =>
                Effect === 'Allow' && Action === 'sns:Publish' && Principal?.Service === 'cloudwatch.amazonaws.com',
            ),
          )
          .flatMap(([, { Topics }]) => listOf(Topics).map(idOf)),
      );
      return offenders(all(t, TOPIC), ([id]) => !acted.has(id) || letIn.has(id));
    },
    mistake: (t) => {
      for (const [, { PolicyDocument }] of all(t, 'AWS::SNS::TopicPolicy')) {
        PolicyDocument.Statement = PolicyDocument.Statement.filter(({ Effect }: Statement) => Effect === 'Deny');
      }
    },
  },
  {
    name: 'every key is rotated',
    check: (t) => offenders(all(t, 'AWS::KMS::Key'), ([, key]) => key.EnableKeyRotation === true),
    mistake: (t) => void delete first(t, 'AWS::KMS::Key').Properties.EnableKeyRotation,
  },
  {
    name: 'every stream is encrypted',
    check: (t) => offenders(all(t, STREAM), ([, stream]) => stream.StreamEncryption?.EncryptionType === 'KMS'),
    mistake: (t) => void delete first(t, STREAM).Properties.StreamEncryption,
  },
  {
    name: 'every table is encrypted by KMS and can be restored to any second',
    check: (t) =>
      offenders(
        all(t, TABLE),
        ([, table]) =>
          table.SSESpecification?.SSEEnabled === true &&
          table.PointInTimeRecoverySpecification?.PointInTimeRecoveryEnabled === true,
      ),
    mistake: (t) => void delete first(t, TABLE).Properties.PointInTimeRecoverySpecification,
  },
  {
    name: 'every bucket is encrypted and closed to the public',
    check: (t) =>
      offenders(
        all(t, BUCKET),
        ([, bucket]) =>
          bucket.BucketEncryption?.ServerSideEncryptionConfiguration?.length > 0 &&
          Object.values(bucket.PublicAccessBlockConfiguration ?? {}).filter((blocked) => blocked === true).length === 4,
      ),
    mistake: (t) => {
      first(t, BUCKET).Properties.PublicAccessBlockConfiguration.BlockPublicPolicy = false;
    },
  },
  {
    name: 'every bucket logs who reads and writes it, in a bucket that only S3 may write to, for its sake',
    check: (t) => {
      const destinations = all(t, BUCKET).flatMap(
        ([, { LoggingConfiguration: to }]) => idOf(to?.DestinationBucketName) ?? [],
      );
      return offenders(all(t, BUCKET), ([id, { LoggingConfiguration: to }]) =>
        to === undefined
          ? destinations.includes(id)
          : all(t, 'AWS::S3::BucketPolicy')
              .filter(([, { Bucket }]) => idOf(Bucket) === idOf(to.DestinationBucketName))
              .some(([, policy]) => statementsOf(policy).some((statement) => letsLogsIn(statement, id))),
      );
    },
    mistake: (t) =>
      void delete first(t, BUCKET, ({ LoggingConfiguration: to }) => to !== undefined).Properties.LoggingConfiguration,
  },
  {
    name: 'access logs are kept for as long as the logs of functions, and no longer',
    check: (t) => {
      const days = new Set(all(t, 'AWS::Logs::LogGroup').map(([, { RetentionInDays }]) => RetentionInDays));
      return offenders(
        all(t, BUCKET).filter(([, { LoggingConfiguration }]) => LoggingConfiguration === undefined),
        ([, { LifecycleConfiguration }]) =>
          LifecycleConfiguration?.Rules.length === 1 && days.has(LifecycleConfiguration.Rules[0].ExpirationInDays),
      );
    },
    mistake: (t) =>
      void delete first(t, BUCKET, ({ LoggingConfiguration: to }) => to === undefined).Properties
        .LifecycleConfiguration,
  },
  {
    name: 'queues take no plain HTTP',
    check: (t) => withoutTls(t, QUEUE, 'AWS::SQS::QueuePolicy', ({ Queues }) => Queues),
    mistake: (t) => withoutDenial(t, 'AWS::SQS::QueuePolicy'),
  },
  {
    name: 'topics take no plain HTTP',
    check: (t) => withoutTls(t, TOPIC, 'AWS::SNS::TopicPolicy', ({ Topics }) => Topics),
    mistake: (t) => withoutDenial(t, 'AWS::SNS::TopicPolicy'),
  },
  {
    name: 'buckets take no plain HTTP',
    check: (t) => withoutTls(t, BUCKET, 'AWS::S3::BucketPolicy', ({ Bucket }) => Bucket),
    mistake: (t) => withoutDenial(t, 'AWS::S3::BucketPolicy'),
  },
  {
    name: 'no role may do everything, or everything of a service',
    check: (t) =>
      offenders(rolePolicies(t), ([, policy]) =>
        statementsOf(policy).every(({ Action }) =>
          listOf(Action)
            .flat()
            .every((action) => !String(action).includes('*')),
        ),
      ),
    mistake: (t) => {
      first(t, 'AWS::IAM::Policy').Properties.PolicyDocument.Statement[0].Action = 'dynamodb:*';
    },
  },
  {
    name: 'no role may touch every resource, but for the exceptions above',
    check: (t) =>
      offenders(rolePolicies(t), ([, policy]) =>
        statementsOf(policy)
          .filter(({ Resource }) => listOf(Resource).includes('*'))
          .every(({ Action }) =>
            listOf(Action)
              .flat()
              .every((action) => String(action) in EVERY_RESOURCE),
          ),
      ),
    mistake: (t) => {
      first(t, 'AWS::IAM::Policy').Properties.PolicyDocument.Statement[0].Resource = '*';
    },
  },
  {
    name: 'every function has a role of its own, without managed policies',
    check: (t) => {
      const functions = all(t, FUNCTION);
      const users = Map.groupBy(functions, ([, { Role }]) => idOf(Role));
      return offenders(functions, ([, { Role }]) => {
        const role = t.Resources[idOf(Role) ?? ''];
        return (
          users.get(idOf(Role))?.length === 1 && role !== undefined && role.Properties.ManagedPolicyArns === undefined
        );
      });
    },
    mistake: (t) => {
      const [one, two] = all(t, FUNCTION);
      if (one !== undefined && two !== undefined) two[1].Role = one[1].Role;
    },
  },
  {
    name: 'every function URL asks who calls',
    check: (t) => offenders(all(t, 'AWS::Lambda::Url'), ([, url]) => url.AuthType === 'AWS_IAM'),
    mistake: (t) => {
      first(t, 'AWS::Lambda::Url').Properties.AuthType = 'NONE';
    },
  },
];
