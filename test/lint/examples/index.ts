import type { Examples } from '../example.ts';
import { ALARM_EXAMPLES } from './alarms.ts';
import { DECLARATION_EXAMPLES } from './declarations.ts';
import { DEPLOYMENT_EXAMPLES } from './deployment.ts';
import { FILTER_EXAMPLES } from './filters.ts';
import { LOG_EXAMPLES } from './logs.ts';
import { MAPPING_EXAMPLES } from './mappings.ts';
import { QUEUE_EXAMPLES } from './queues.ts';
import { SENDER_EXAMPLES } from './senders.ts';
import { TOPIC_EXAMPLES } from './topics.ts';

export const EXAMPLES: Examples = {
  ...QUEUE_EXAMPLES,
  ...MAPPING_EXAMPLES,
  ...TOPIC_EXAMPLES,
  ...SENDER_EXAMPLES,
  ...FILTER_EXAMPLES,
  ...LOG_EXAMPLES,
  ...ALARM_EXAMPLES,
  ...DEPLOYMENT_EXAMPLES,
  ...DECLARATION_EXAMPLES,
};
