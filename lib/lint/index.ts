/** The messaging linter for other CDK apps: a pack of validations. */

export type { Severity } from './graph/rule.ts';
export { type Finding, lint } from './lint.ts';
export { MessagingChecks } from './messaging-checks.ts';
export { MESSAGING_RULES } from './rules.ts';
