/**
 * The table of rules in docs/lint.md, made from the rules. `node test/lint/rules-table.ts` writes it; rules-table.test.ts fails when the
 * committed one is out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Rule } from '../../lib/lint/graph/rule.ts';
import { MESSAGING_RULES, RULES_BY_AREA } from '../../lib/lint/rules.ts';

const PAGE = new URL('../../docs/lint.md', import.meta.url);
const BETWEEN = /(?<=<!-- rules: made by node test\/lint\/rules-table.ts -->\n)[\s\S]*(?=<!-- end of rules -->)/;

export const committedPage = (): string => readFileSync(PAGE, 'utf8');

/** The page with the table as it should be. */
export function currentPage(page: string = committedPage()): string {
  if (!BETWEEN.test(page)) throw new Error('docs/lint.md has lost the marks around its table of rules');
  return page.replace(BETWEEN, () => rulesText());
}

function rulesText(): string {
  const errors = MESSAGING_RULES.filter(({ severity }) => severity === 'error').length;
  const areas = Object.entries(RULES_BY_AREA).map(
    ([area, rules]) =>
      `\n### ${area}\n\n| id | | the mistake | what comes of it |\n|---|---|---|---|\n${rules.map(row).join('\n')}\n`,
  );
  return `\n${MESSAGING_RULES.length} rules: ${errors} errors, ${MESSAGING_RULES.length - errors} warnings.\n${areas.join('')}\n`;
}

const row = ({ id, severity, mistake, why, source }: Rule): string =>
  `| \`${id}\` | ${severity} | ${cell(mistake)} | ${cell(why)}${source === undefined ? '' : ` [AWS](${source})`} |`;

const cell = (text: string): string => text.replaceAll('|', '\\|');

if (import.meta.main) writeFileSync(PAGE, currentPage());
