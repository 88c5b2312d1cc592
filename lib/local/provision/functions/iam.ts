import { createHash } from 'node:crypto';
import type { Json, JsonObject } from '../../json.ts';
import { isObject, listAt, textAt } from '../../json.ts';
import type { DeployedResource } from '../resources/deployed.ts';
import { physicalName } from '../resources/names.ts';
import type { ProvisionContext, ResourceRequest, ResourceType } from '../resources/resource.ts';
import { provisionError } from '../resources/resource.ts';
import { awsManagedPolicy } from './aws-managed-policies.ts';

const role: ResourceType = {
  handled: ['AssumeRolePolicyDocument', 'ManagedPolicyArns', 'Path', 'PermissionsBoundary', 'Policies', 'RoleName'],
  harmless: ['Description', 'MaxSessionDuration', 'Tags'],
  replacedBy: ['Path', 'RoleName'],
  nameProperty: 'RoleName',
  create(request) {
    const { stackName, logicalId, properties, context } = request;
    const name = textAt(properties, 'RoleName') ?? physicalName(stackName, logicalId, { max: 64 });
    const arn = `arn:aws:iam::${context.accountId}:role${textAt(properties, 'Path') ?? '/'}${name}`;
    context.roles.set(name, arn);
    const { iam } = context.services;
    iam.trust.put(arn, 'AssumeRolePolicyDocument', properties.AssumeRolePolicyDocument);
    for (const policy of listAt(properties, 'Policies')) {
      const document = isObject(policy) ? policy.PolicyDocument : undefined;
      iam.roles.put(arn, textAt(policy, 'PolicyName') ?? 'inline', document);
    }
    for (const managed of listAt(properties, 'ManagedPolicyArns')) {
      iam.roles.put(arn, String(managed), managedDocument(String(managed), request));
    }
    const boundary = textAt(properties, 'PermissionsBoundary');
    if (boundary !== undefined) iam.boundaries.put(arn, 'boundary', managedDocument(boundary, request));
    return {
      physicalId: name,
      attributes: {
        Arn: arn,
        RoleId: `AROA${createHash('sha256').update(arn).digest('hex').slice(0, 16).toUpperCase()}`,
      },
    };
  },
  update(request, before) {
    takePolicies(before, request.context);
    return role.create(request);
  },
  remove(resource, context) {
    takePolicies(resource, context);
    if (context.roles.get(resource.physicalId) === resource.attributes.Arn) context.roles.delete(resource.physicalId);
  },
};

/** Takes from a role what its own properties gave it; policies that name it stay attached. */
function takePolicies({ attributes, properties }: DeployedResource, { services: { iam } }: ProvisionContext): void {
  const arn = String(attributes.Arn);
  const inline = listAt(properties, 'Policies').map((policy) => textAt(policy, 'PolicyName') ?? 'inline');
  for (const name of [...inline, ...listAt(properties, 'ManagedPolicyArns')]) iam.roles.remove(arn, String(name));
  iam.boundaries.remove(arn, 'boundary');
  iam.trust.remove(arn, 'AssumeRolePolicyDocument');
}

function managedDocument(policyArn: string, request: ResourceRequest): Json {
  const document = request.context.managedPolicies.get(policyArn) ?? awsManagedPolicy(policyArn);
  if (document !== undefined) return document;
  throw provisionError(
    request,
    `the engine does not know the managed policy ${policyArn}. Write the permissions as statements of the role, or as a managed policy of the app.`,
  );
}

const policy: ResourceType = {
  handled: ['PolicyDocument', 'PolicyName', 'Roles'],
  harmless: ['Groups', 'Users'],
  create(request) {
    const name = textAt(request.properties, 'PolicyName') ?? request.logicalId;
    attach(request, name);
    return { physicalId: name, attributes: { Id: name } };
  },
  update(request, before) {
    detach(before, request.context);
    return policy.create(request);
  },
  remove: detach,
};

const managedPolicy: ResourceType = {
  handled: ['ManagedPolicyName', 'Path', 'PolicyDocument', 'Roles'],
  harmless: ['Description', 'Groups', 'Users'],
  replacedBy: ['ManagedPolicyName', 'Path'],
  nameProperty: 'ManagedPolicyName',
  create(request) {
    const { stackName, logicalId, properties, context } = request;
    const name = textAt(properties, 'ManagedPolicyName') ?? physicalName(stackName, logicalId, { max: 128 });
    const arn = `arn:aws:iam::${context.accountId}:policy${textAt(properties, 'Path') ?? '/'}${name}`;
    context.managedPolicies.set(arn, properties.PolicyDocument ?? {});
    attach(request, arn);
    return { physicalId: arn, attributes: { PolicyArn: arn, PolicyId: name } };
  },
  update(request, before) {
    detach(before, request.context);
    const updated = managedPolicy.create(request);
    // Roles that name it themselves have it too.
    const { roles, services } = request.context;
    for (const arn of roles.values()) {
      if (services.iam.roles.of(arn).has(before.physicalId))
        services.iam.roles.put(arn, before.physicalId, request.properties.PolicyDocument);
    }
    return updated;
  },
  remove(resource, context) {
    detach(resource, context);
    context.managedPolicies.delete(resource.physicalId);
  },
};

function attach({ properties, context }: ResourceRequest, policyName: string): void {
  for (const arn of rolesOf(properties, context))
    context.services.iam.roles.put(arn, policyName, properties.PolicyDocument);
}

function detach({ properties, physicalId }: DeployedResource, context: ProvisionContext): void {
  for (const arn of rolesOf(properties, context)) context.services.iam.roles.remove(arn, physicalId);
}

const rolesOf = (properties: JsonObject, { roles, accountId }: ProvisionContext): string[] =>
  listAt(properties, 'Roles').map((name) => roles.get(String(name)) ?? `arn:aws:iam::${accountId}:role/${name}`);

export const iamTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::IAM::Role': role,
  'AWS::IAM::Policy': policy,
  'AWS::IAM::ManagedPolicy': managedPolicy,
};
