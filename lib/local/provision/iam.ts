import { createHash } from 'node:crypto';
import type { Json } from '../json.ts';
import { isObject, listAt, textAt } from '../json.ts';
import { awsManagedPolicy } from './aws-managed-policies.ts';
import { physicalName } from './names.ts';
import type { ResourceRequest, ResourceType } from './resource.ts';
import { provisionError } from './resource.ts';

const role: ResourceType = {
  handled: ['AssumeRolePolicyDocument', 'ManagedPolicyArns', 'Path', 'PermissionsBoundary', 'Policies', 'RoleName'],
  harmless: ['Description', 'MaxSessionDuration', 'Tags'],
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
};

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
};

const managedPolicy: ResourceType = {
  handled: ['ManagedPolicyName', 'Path', 'PolicyDocument', 'Roles'],
  harmless: ['Description', 'Groups', 'Users'],
  create(request) {
    const { stackName, logicalId, properties, context } = request;
    const name = textAt(properties, 'ManagedPolicyName') ?? physicalName(stackName, logicalId, { max: 128 });
    const arn = `arn:aws:iam::${context.accountId}:policy${textAt(properties, 'Path') ?? '/'}${name}`;
    context.managedPolicies.set(arn, properties.PolicyDocument ?? {});
    attach(request, arn);
    return { physicalId: arn, attributes: { PolicyArn: arn, PolicyId: name } };
  },
};

function attach(request: ResourceRequest, policyName: string): void {
  for (const entry of listAt(request.properties, 'Roles')) {
    const name = String(entry);
    const arn = request.context.roles.get(name) ?? `arn:aws:iam::${request.context.accountId}:role/${name}`;
    request.context.services.iam.roles.put(arn, policyName, request.properties.PolicyDocument);
  }
}

export const iamTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::IAM::Role': role,
  'AWS::IAM::Policy': policy,
  'AWS::IAM::ManagedPolicy': managedPolicy,
};
