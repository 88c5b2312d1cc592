import { queryAnswer } from '../cloudwatch/protocol/query-protocol.ts';
import { errorResponse } from '../endpoint-errors.ts';
import { formParameters } from '../endpoint-request.ts';
import type { JsonObject } from '../json.ts';
import { listAt, textAt } from '../json.ts';
import type { StackInfo, StackResource } from '../provision/resources/deployed.ts';
import type { ServiceHandler } from '../service.ts';
import type { Documents } from './documents.ts';

const NAMESPACE = 'https://iam.amazonaws.com/doc/2010-05-08/';
/** Most that one answer lists unless it is asked for fewer. https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRolePolicies.html */
const PAGE = 100;
const SESSION_SECONDS = 3600;

export interface IamApiOptions {
  /** Policies of roles, inline ones by name and managed ones by ARN. */
  readonly roles: Documents;
  readonly stacks: () => readonly StackInfo[];
}

/** A role that a stack has made. */
interface Role extends StackResource {
  readonly createdAt: Date;
}

interface Call {
  readonly role: Role;
  readonly policies: Documents;
  readonly parameters: URLSearchParams;
}

class IamError extends Error {
  override readonly name = 'IamError';
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status: number) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

const operations: Readonly<Record<string, (call: Call) => JsonObject>> = {
  GetRole: ({ role }) => ({ Role: described(role) }),
  ListRolePolicies: ({ role, policies, parameters }) =>
    page('PolicyNames', inlineNames(role, policies), parameters, (name) => name),
  GetRolePolicy({ role, policies, parameters }) {
    const PolicyName = required(parameters, 'PolicyName');
    const found = inlineNames(role, policies).includes(PolicyName) && policies.of(arnOf(role)).get(PolicyName);
    if (!found) throw new IamError('NoSuchEntity', `The role policy with name ${PolicyName} cannot be found.`, 404);
    return { RoleName: role.physicalId, PolicyName, PolicyDocument: encoded(found) };
  },
  ListAttachedRolePolicies: ({ role, policies, parameters }) =>
    page('AttachedPolicies', [...policies.of(arnOf(role)).keys()].filter(isManaged), parameters, (PolicyArn) => ({
      PolicyName: PolicyArn.slice(PolicyArn.lastIndexOf('/') + 1),
      PolicyArn,
    })),
};

/** The part of IAM's API (Query protocol) that reads what the roles of the stacks may do. */
export function iamApi({ roles, stacks }: IamApiOptions): ServiceHandler {
  return async (request) => {
    const parameters = formParameters(request.body);
    const action = request.operation ?? '';
    const operation = Object.hasOwn(operations, action) ? operations[action] : undefined;
    if (operation === undefined) {
      const known = Object.keys(operations).join(', ');
      const message = `The action ${action} is not available in the engine; available: ${known}. Roles and policies come from templates.`;
      return errorResponse('iam', { status: 400, code: 'InvalidAction', message });
    }
    try {
      const role = roleNamed(required(parameters, 'RoleName'), stacks());
      return queryAnswer(action, NAMESPACE, operation({ role, policies: roles, parameters }));
    } catch (error) {
      if (!(error instanceof IamError)) throw error;
      return errorResponse('iam', error);
    }
  };
}

function required(parameters: URLSearchParams, name: string): string {
  const value = parameters.get(name);
  if (value) return value;
  const member = name.charAt(0).toLowerCase() + name.slice(1);
  const message = `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`;
  throw new IamError('ValidationError', message, 400);
}

function roleNamed(name: string, stacks: readonly StackInfo[]): Role {
  for (const { resources, createdAt } of stacks) {
    const role = Object.values(resources).find(
      ({ type, physicalId }) => type === 'AWS::IAM::Role' && physicalId === name,
    );
    if (role !== undefined) return { ...role, createdAt };
  }
  throw new IamError('NoSuchEntity', `The role with name ${name} cannot be found.`, 404);
}

const arnOf = ({ attributes }: Role): string => String(attributes.Arn);
/** The name of an inline policy holds no colon. */
const isManaged = (policy: string): boolean => policy.startsWith('arn:');
const inlineNames = (role: Role, policies: Documents): string[] =>
  [...policies.of(arnOf(role)).keys()].filter((name) => !isManaged(name));

function described(role: Role): JsonObject {
  const { physicalId, attributes, properties, createdAt } = role;
  const [Description, boundary] = [textAt(properties, 'Description'), textAt(properties, 'PermissionsBoundary')];
  return {
    Path: textAt(properties, 'Path') ?? '/',
    RoleName: physicalId,
    RoleId: String(attributes.RoleId),
    Arn: arnOf(role),
    CreateDate: createdAt.toISOString(),
    AssumeRolePolicyDocument: encoded(properties.AssumeRolePolicyDocument),
    ...(Description === undefined ? {} : { Description }),
    MaxSessionDuration: Number(textAt(properties, 'MaxSessionDuration') ?? SESSION_SECONDS),
    ...(boundary === undefined
      ? {}
      : { PermissionsBoundary: { PermissionsBoundaryType: 'Policy', PermissionsBoundaryArn: boundary } }),
    Tags: listAt(properties, 'Tags'),
  };
}

/** Policies are answered URL-encoded (RFC 3986); SDKs leave that to their callers, the AWS CLI decodes them. */
const encoded = (document: unknown): string =>
  encodeURIComponent(JSON.stringify(document)).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

function page<T extends JsonObject | string>(
  list: string,
  names: readonly string[],
  parameters: URLSearchParams,
  shown: (name: string) => T,
): JsonObject {
  const start = Number(parameters.get('Marker') ?? 0);
  const end = start + Number(parameters.get('MaxItems') ?? PAGE);
  const rest: JsonObject = end < names.length ? { IsTruncated: true, Marker: String(end) } : { IsTruncated: false };
  return { [list]: names.slice(start, end).map(shown), ...rest };
}
