import { serviceOfArn } from '../../../formats/arn.ts';
import type { Iam } from '../../iam.ts';
import { rolePrincipal } from '../../iam.ts';
import type { FunctionDefinition } from '../../lambda/definition.ts';
import { sourceKind } from './config.ts';
import type { MappingConfig } from './mapping.ts';

/**
 * What a function's role must allow for a mapping to read its source.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions
 * https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html
 * https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html
 */
const sourceActions: Readonly<Record<'sqs' | 'kinesis' | 'dynamodb', readonly string[]>> = {
  sqs: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
  kinesis: ['kinesis:GetRecords', 'kinesis:GetShardIterator', 'kinesis:DescribeStream', 'kinesis:ListShards'],
  dynamodb: ['dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:DescribeStream', 'dynamodb:ListStreams'],
};

/** The same for a consumer with enhanced fan-out, which AWS reads by subscribing. */
const CONSUMER_ACTIONS = ['kinesis:SubscribeToShard'];

/** Actions that are not about one resource: a statement has to name `*`. */
const EVERYWHERE = new Set(['dynamodb:ListStreams']);

/** What the function's role lacks for a mapping, a sentence each. */
export function missingPermissions(config: MappingConfig, definition: FunctionDefinition, iam: Iam): string[] {
  const principal = rolePrincipal(definition.roleArn, definition.name);
  return permissionsOf(config).flatMap(([action, resource]) => {
    const refused = iam.wouldRefuse(principal, action, resource);
    if (refused === undefined) return [];
    return [
      `Function ${definition.name}: its role ${definition.roleArn} must allow ${refused.action} on ${refused.resource} for its event source mapping.`,
    ];
  });
}

/** What sending to an on-failure destination takes, by its service. */
const SENDING: Readonly<Record<string, (arn: string) => readonly [action: string, resource: string]>> = {
  sqs: (arn) => ['sqs:SendMessage', arn],
  sns: (arn) => ['sns:Publish', arn],
  s3: (arn) => ['s3:PutObject', `${arn}/*`],
};

function permissionsOf({
  eventSourceArn,
  onFailureArn,
}: MappingConfig): (readonly [action: string, resource: string])[] {
  const kind = sourceKind(eventSourceArn);
  const actions = eventSourceArn.includes('/consumer/') ? CONSUMER_ACTIONS : kind ? sourceActions[kind] : [];
  const permissions = actions.map((action) => [action, EVERYWHERE.has(action) ? '*' : eventSourceArn] as const);
  const send = SENDING[serviceOfArn(onFailureArn ?? '') ?? ''];
  if (send !== undefined && onFailureArn !== undefined) permissions.push(send(onFailureArn));
  return permissions;
}
