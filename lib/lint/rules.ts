import type { Rule } from './rule.ts';
import { ALARM_RULES } from './rules/alarms.ts';
import { CONSUMER_RULES } from './rules/consumers.ts';
import { DECLARATION_RULES } from './rules/declarations.ts';
import { DELIVERY_RULES } from './rules/deliveries.ts';
import { DEPLOYMENT_RULES } from './rules/deployment.ts';
import { DISTRIBUTION_RULES } from './rules/distribution.ts';
import { FILTER_RULES } from './rules/filters.ts';
import { LOG_RULES } from './rules/logs.ts';
import { MAPPING_RULES } from './rules/mappings.ts';
import { QUEUE_RULES } from './rules/queues.ts';
import { SENDER_RULES } from './rules/senders.ts';
import { TOPIC_RULES } from './rules/topics.ts';
import { WATCHING_RULES } from './rules/watching.ts';

/** What a rule looks at, for lists. */
export const RULES_BY_AREA: Readonly<Record<string, readonly Rule[]>> = {
  Queues: QUEUE_RULES,
  'Consumers of queues': [...MAPPING_RULES, ...CONSUMER_RULES],
  Topics: TOPIC_RULES,
  'Who may send': SENDER_RULES,
  'Where failures end': DELIVERY_RULES,
  'Logs and other streams': [...LOG_RULES, ...DISTRIBUTION_RULES],
  Filters: FILTER_RULES,
  Alarms: [...ALARM_RULES, ...WATCHING_RULES],
  Deployment: DEPLOYMENT_RULES,
  Declarations: DECLARATION_RULES,
};

/** Every mistake that the linter looks for. */
export const MESSAGING_RULES: readonly Rule[] = Object.values(RULES_BY_AREA).flat();

/** Whether a rule needs nothing but templates. */
export const looksAtResources = (rule: Rule): boolean => !DECLARATION_RULES.includes(rule);
