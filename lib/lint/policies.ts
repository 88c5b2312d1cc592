import { listOf, recordOf } from './json.ts';

/**
 * Whether a policy lets a service do all of these actions. Conditions are taken as fulfilled: the linter looks for what is forgotten, not for
 * what is narrowed. @param document the policy, as in the template
 */
export function allowsService(document: unknown, service: string, actions: readonly string[]): boolean {
  const statements = listOf(recordOf(document).Statement)
    .map(recordOf)
    .filter((statement) => statement.Effect === 'Allow' && isFor(statement.Principal, service));
  const allowed = statements.flatMap(({ Action }) => listOf(Action)).map(String);
  return actions.every((action) => allowed.some((pattern) => covers(pattern, action)));
}

function isFor(principal: unknown, service: string): boolean {
  if (principal === '*') return true;
  const { AWS: aws, Service: services } = recordOf(principal);
  return listOf(aws).includes('*') || listOf(services).includes(service);
}

function covers(pattern: string, action: string): boolean {
  const text = pattern
    .toLowerCase()
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${text}$`).test(action.toLowerCase());
}
