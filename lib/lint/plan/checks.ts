import type { Check } from './check.ts';
import { CHECKS_OF_CONSUMERS } from './checks-of-consumers.ts';
import { CHECKS_OF_DATA } from './checks-of-data.ts';
import { CHECKS_OF_LOGS } from './checks-of-logs.ts';
import { CHECKS_OF_NAMES } from './checks-of-names.ts';
import { CHECKS_OF_PEOPLE } from './checks-of-people.ts';
import { CHECKS_OF_TABLES } from './checks-of-tables.ts';

/** What is looked at before a deployment, in the order in which it is told: what fails first. */
export const CHECKS: readonly Check[] = [
  ...CHECKS_OF_NAMES,
  ...CHECKS_OF_LOGS,
  ...CHECKS_OF_TABLES,
  ...CHECKS_OF_DATA,
  ...CHECKS_OF_CONSUMERS,
  ...CHECKS_OF_PEOPLE,
];
