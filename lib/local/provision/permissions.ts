import { decide } from '../iam/policy.ts';
import { sourceKind } from '../mappings/config.ts';
import type { MappingConfig } from '../mappings/mapping.ts';
import type { ProvisionContext } from './resource.ts';
import { ProvisionError } from './resource.ts';

/** What a function's role must allow for a mapping to read its source. https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html */
const sourceActions: Readonly<Record<'sqs' | 'kinesis' | 'dynamodb', readonly string[]>> = {
  sqs: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
  kinesis: ['kinesis:GetRecords', 'kinesis:GetShardIterator'],
  dynamodb: ['dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:DescribeStream'],
};

/** The same for a consumer with enhanced fan-out, which AWS reads by subscribing. */
const CONSUMER_ACTIONS = ['kinesis:SubscribeToShard'];

/**
 * Refuses mappings whose function's role may not read the source or write to the on-failure destination, as AWS does when it
 * creates them.
 * @throws ProvisionError that lists every missing permission
 */
export function checkMappingPermissions({ mappings, functions, services }: ProvisionContext): void {
  const problems: string[] = [];
  for (const { config } of mappings.list()) {
    const definition = functions.find(config.functionArn);
    if (!definition) continue;
    const documents = [...services.iam.rolePolicies(definition.roleArn).values()];
    for (const [action, resource] of permissionsOf(config)) {
      if (decide(documents, action, [resource]) === 'allowed') continue;
      problems.push(
        `Function ${definition.name}: its role ${definition.roleArn} must allow ${action} on ${resource} for its event source mapping.`,
      );
    }
  }
  if (problems.length > 0)
    throw new ProvisionError(
      `${problems.join('\n')}\nGrant it in the app (grantConsumeMessages, grantRead, grantStreamRead, grantSendMessages).`,
    );
}

function permissionsOf({
  eventSourceArn,
  onFailureArn,
}: MappingConfig): (readonly [action: string, resource: string])[] {
  const kind = sourceKind(eventSourceArn);
  const actions = eventSourceArn.includes('/consumer/') ? CONSUMER_ACTIONS : kind ? sourceActions[kind] : [];
  const permissions = actions.map((action) => [action, eventSourceArn] as const);
  if (onFailureArn?.startsWith('arn:aws:sqs:')) permissions.push(['sqs:SendMessage', onFailureArn]);
  if (onFailureArn?.startsWith('arn:aws:sns:')) permissions.push(['sns:Publish', onFailureArn]);
  if (onFailureArn?.startsWith('arn:aws:s3:')) permissions.push(['s3:PutObject', `${onFailureArn}/*`]);
  return permissions;
}
