import { numberAt, textAt } from '../../json.ts';
import { physicalName } from '../resources/names.ts';
import type { ResourceType } from '../resources/resource.ts';

const logGroup: ResourceType = {
  handled: ['LogGroupName', 'RetentionInDays'],
  harmless: [
    'DataProtectionPolicy',
    'FieldIndexPolicies',
    'KmsKeyId',
    'LogGroupClass',
    'Tags',
    'ResourcePolicyDocument',
  ],
  replacedBy: ['LogGroupName'],
  nameProperty: 'LogGroupName',
  create({ stackName, logicalId, properties, context }) {
    const name = textAt(properties, 'LogGroupName') ?? physicalName(stackName, logicalId, { max: 128 });
    context.logs.put(name, numberAt(properties, 'RetentionInDays'));
    const arn = `arn:aws:logs:${context.region}:${context.accountId}:log-group:${name}:*`;
    return { physicalId: name, attributes: { Arn: arn } };
  },
  remove: ({ physicalId }, { logs }) => logs.remove(physicalId),
};

export const logsTypes: Readonly<Record<string, ResourceType>> = { 'AWS::Logs::LogGroup': logGroup };
