import type { PolicyStatement, PrincipalElement } from '../../iam/policy.ts';
import { booleanAt, textAt } from '../../json.ts';
import { functionArn, functionNameOf } from '../../lambda/function-names.ts';
import type { DeployedResource } from '../resources/deployed.ts';
import { physicalName } from '../resources/names.ts';
import type { ProvisionContext, ResourceRequest, ResourceType } from '../resources/resource.ts';

/** A statement of a function's policy. https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html */
export const permission: ResourceType = {
  handled: [
    'Action',
    'FunctionName',
    'FunctionUrlAuthType',
    'InvokedViaFunctionUrl',
    'Principal',
    'SourceAccount',
    'SourceArn',
  ],
  refused: {
    EventSourceToken: 'nobody here calls with such a token',
    PrincipalOrgID: 'there is no organization',
  },
  create(request) {
    const { stackName, logicalId, properties, context } = request;
    const id = physicalName(stackName, logicalId, { max: 128 });
    const arn = functionArn(context, functionNameOf(textAt(properties, 'FunctionName') ?? ''));
    context.services.iam.resources.put(arn, id, { Statement: statementOf(request, arn) });
    return { physicalId: id, attributes: { Id: id } };
  },
  update(request, before) {
    take(before, request.context);
    return permission.create(request);
  },
  remove: take,
};

function take({ physicalId, properties }: DeployedResource, context: ProvisionContext): void {
  const arn = functionArn(context, functionNameOf(textAt(properties, 'FunctionName') ?? ''));
  context.services.iam.resources.remove(arn, physicalId);
}

function statementOf({ properties }: ResourceRequest, arn: string): PolicyStatement {
  const sourceArn = textAt(properties, 'SourceArn');
  const sourceAccount = textAt(properties, 'SourceAccount');
  const authType = textAt(properties, 'FunctionUrlAuthType');
  const equals = {
    ...(sourceAccount === undefined ? {} : { 'aws:SourceAccount': sourceAccount }),
    ...(authType === undefined ? {} : { 'lambda:FunctionUrlAuthType': authType }),
  };
  return {
    Effect: 'Allow',
    Principal: principalOf(textAt(properties, 'Principal') ?? ''),
    Action: textAt(properties, 'Action') ?? '',
    // The permission may be for a version or alias; here they are names of the one function.
    Resource: [arn, `${arn}:*`],
    Condition: {
      ...(sourceArn === undefined ? {} : { ArnLike: { 'aws:SourceArn': sourceArn } }),
      ...(Object.keys(equals).length === 0 ? {} : { StringEquals: equals }),
      ...(booleanAt(properties, 'InvokedViaFunctionUrl') ? { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } } : {}),
    },
  };
}

/** `events.amazonaws.com` is a service, an ARN or account is whom IAM knows. */
function principalOf(text: string): PrincipalElement {
  if (text === '*') return '*';
  return text.endsWith('.amazonaws.com') ? { Service: text } : { AWS: text };
}
