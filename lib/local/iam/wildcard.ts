import { wildcardMatches } from '../wildcard.ts';

/** Whole-string match where `*` stands for any text and `?` for one character. */
export function matches(pattern: string, text: string): boolean {
  return pattern === '*' || pattern === text || wildcardMatches(pattern, text, '?');
}

/** `arn:partition:service:region:account:` and the rest, which may have colons of its own. */
const ARN_PARTS = 6;

/**
 * Match of ARNs, part by part: a `*` does not reach beyond its part.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
 */
export function arnMatches(pattern: string, arn: string): boolean {
  const wanted = partsOf(pattern);
  const actual = partsOf(arn);
  if (pattern === '*') return true;
  if (wanted.length < ARN_PARTS || actual.length < ARN_PARTS) return pattern === arn;
  return wanted.every((part, i) => matches(part, actual[i] ?? ''));
}

function partsOf(arn: string): string[] {
  const parts = arn.split(':');
  return [...parts.slice(0, ARN_PARTS - 1), parts.slice(ARN_PARTS - 1).join(':')].slice(0, parts.length);
}
