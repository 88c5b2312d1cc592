import { isOpen, textOf } from '../reading/intrinsics.ts';
import { isRecord, type Json, listOf, recordOf } from '../reading/json.ts';

const allowing = (document: unknown): readonly Json[] =>
  listOf(recordOf(document).Statement)
    .map(recordOf)
    .filter((statement) => statement.Effect === 'Allow');

const allowsActions = (statements: readonly Json[], actions: readonly string[]): boolean => {
  const allowed = statements.flatMap(({ Action }) => listOf(Action)).map(String);
  return actions.every((action) => allowed.some((pattern) => covers(pattern, action)));
};

/**
 * Whether a policy lets a service do all of these actions. Conditions are taken as fulfilled: the linter looks for what is forgotten, not for
 * what is narrowed. @param document the policy, as in the template
 */
export const allowsService = (document: unknown, service: string, actions: readonly string[]): boolean =>
  allowsActions(
    allowing(document).filter(({ Principal: principal }) => isFor(principal, service)),
    actions,
  );

/** Whether a policy lets anybody named in it by an ARN do all of these actions. @param is whether an ARN means the one that is looked for */
export const allowsPrincipal = (
  document: unknown,
  is: (arn: unknown) => boolean,
  actions: readonly string[],
): boolean =>
  allowsActions(
    allowing(document).filter(
      ({ Principal: principal }) => principal === '*' || listOf(recordOf(principal).AWS).some(is),
    ),
    actions,
  );

/** Whether a policy of a role allows all of these actions on anything. */
export const allowsOn = (document: unknown, actions: readonly string[], on: (arn: unknown) => boolean): boolean =>
  allowsActions(
    allowing(document).filter(({ Resource: resource }) => listOf(resource).some(on)),
    actions,
  );

function isFor(principal: unknown, service: string): boolean {
  if (principal === '*') return true;
  const { AWS: aws, Service: services } = recordOf(principal);
  return listOf(aws).includes('*') || listOf(services).some((one) => isService(one, service));
}

/** A service whose name ends in what AWS fills in (`AWS::URLSuffix`), or that is only known at deployment, may be it. */
function isService(one: unknown, service: string): boolean {
  const text = textOf(one);
  if (text === undefined || isOpen(text)) return true;
  return text === service || (isRecord(one) && text.endsWith('.') && service.startsWith(text));
}

function covers(pattern: string, action: string): boolean {
  const text = pattern
    .toLowerCase()
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${text}$`).test(action.toLowerCase());
}
