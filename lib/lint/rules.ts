import type { Rule } from './graph/rule.ts';
import { DELIVERY_RULES } from './rules/channels/deliveries.ts';
import { DISTRIBUTION_RULES } from './rules/channels/distribution.ts';
import { FILTER_RULES } from './rules/channels/filters.ts';
import { QUEUE_RULES } from './rules/channels/queues.ts';
import { SENDER_RULES } from './rules/channels/senders.ts';
import { TOPIC_RULES } from './rules/channels/topics.ts';
import { CONSUMER_RULES } from './rules/consumers/consumers.ts';
import { LOG_RULES } from './rules/consumers/logs.ts';
import { MAPPING_RULES } from './rules/consumers/mappings.ts';
import { ALARM_RULES } from './rules/stacks/alarms.ts';
import { DECLARATION_RULES } from './rules/stacks/declarations.ts';
import { DEPLOYMENT_RULES } from './rules/stacks/deployment.ts';
import { WATCHING_RULES } from './rules/stacks/watching.ts';

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
