import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { all } from '../constructs/template-view.ts';
import { ordersTemplate } from '../systems/orders/synthesised.ts';
import { aboutKind, INDEX_PAGE, indexPage, KINDS, openingOf, RUNBOOKS } from './index-page.ts';
import { LOG_SITUATIONS } from './log-situations.ts';
import { readPage } from './page.ts';
import { QUEUE_SITUATIONS } from './queue-situations.ts';

/** What somebody who was woken up looks for, in this order. */
const HEADINGS = [
  'What it says',
  'First',
  'Look',
  'Likely causes and what to do about each',
  'When it is over',
  'False alarms and thresholds',
];
/** A page or two on a telephone. */
const MOST_LINES = 120;

const textOf = (kind: string): string => readFileSync(join(RUNBOOKS, `${kind}.md`), 'utf8');

it('every kind of alarm has a runbook, and every runbook a kind', () => {
  const files = readdirSync(RUNBOOKS).filter((file) => file !== 'README.md');
  expect(files.toSorted()).toEqual(KINDS.map((kind) => `${kind}.md`).toSorted());
});

/** `Lag: charge-card` and `Lag: CONSUMER` are one kind of graph. */
const kindOfGraph = (title: string): string => title.replace(/: .*/, ':');

/** Titles of what the orders system's dashboard shows. */
const shown = new Set(
  all(ordersTemplate('dev'), 'AWS::CloudWatch::Dashboard').flatMap(([, { DashboardBody }]) =>
    [...JSON.stringify(DashboardBody).matchAll(/title\\*":\\*"([^"\\]+)/g)].map(([, title = '']) => kindOfGraph(title)),
  ),
);

/** Shell variables have names in capitals: assigned, counted through, or read. */
const namesSetIn = (commands: string): string[] => [
  ...[...commands.matchAll(/\b([A-Z_]+)=/g)].map(([, name = '']) => name),
  ...[...commands.matchAll(/\bfor ([A-Z_]+) in\b/g)].map(([, name = '']) => name),
  ...[...commands.matchAll(/\bread -r ((?:[A-Z_]+ ?)+)/g)].flatMap(([, names = '']) => names.trim().split(' ')),
];
const namesUsedIn = (commands: string): string[] =>
  [...commands.matchAll(/\$\{?([A-Z_]+)/g)].map(([, name = '']) => name);

it('docs/runbooks/README.md is current (else: node test/runbooks/index-page.ts)', () => {
  expect(readFileSync(INDEX_PAGE, 'utf8')).toBe(indexPage());
});

it('every runbook is tried for real', () => {
  const tried = [...Object.keys(QUEUE_SITUATIONS), ...Object.keys(LOG_SITUATIONS)];
  expect(tried.toSorted()).toEqual([...KINDS, 'README'].toSorted());
});

describe.each(KINDS)('runbook %s', (kind) => {
  const markdown = textOf(kind);
  const page = readPage(markdown);

  it('begins with title, severity and threshold of the alarm', () => {
    expect(markdown.startsWith(`${openingOf(kind)}\n`), `should begin with:\n${openingOf(kind)}`).toBe(true);
  });

  it('has the headings of all runbooks, and is short', () => {
    expect(page.headings).toEqual(HEADINGS);
    expect(markdown.split('\n').length).toBeLessThanOrEqual(MOST_LINES);
  });

  it('says first what the alarm says first', () => {
    const { first } = aboutKind(kind) ?? { first: 'open the alarms that are on; each says what to do' };
    const words = first.split(/\{\w+\}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    // The alarm names what is on; the runbook has a word for it.
    expect(page.text('First')).toMatch(new RegExp(`^${words.join('.+')}\\.`, 'i'));
  });

  it('has commands to look with and to see that it is over, and names graphs that are there', () => {
    const sections = page.blocks.map(({ section }) => section);
    expect(sections[0], 'the first block says what the others use').toBe('');
    expect(sections).toEqual(expect.arrayContaining(['Look', 'When it is over']));
    const [dashboard = ''] = page.text('Look').split('```');
    const graphs = [...dashboard.matchAll(/`([^`]+)`/g)].map(([, title = '']) => kindOfGraph(title));
    expect(dashboard).toMatch(/^Dashboard: /);
    expect(graphs.length).toBeGreaterThan(0);
    expect(graphs.filter((title) => !shown.has(title))).toEqual([]);
  });

  it('has blocks that need the first one only', () => {
    const [first, ...others] = page.blocks;
    for (const { number, commands } of others) {
      const set = namesSetIn(`${first?.commands ?? ''}\n${commands}`);
      const missing = namesUsedIn(commands).filter((name) => !set.includes(name));
      expect(missing, `block ${number}`).toEqual([]);
    }
  });

  it('has no command outside the blocks that are tried', () => {
    const prose = markdown.replaceAll(/^```\w+\n[\s\S]*?^```$/gm, '');
    expect(prose.match(/`(aws|npx sluice) [^`]*`/g) ?? []).toEqual([]);
  });

  it('shows how its threshold is declared', () => {
    const declared = page.text('False alarms and thresholds');
    expect(declared).toContain('```ts');
    if (aboutKind(kind) !== undefined) expect(declared).toMatch(new RegExp(`alarms: \\{ '?${kind}'?: \\{`));
  });

  it('links to pages that are there', () => {
    for (const [, link = ''] of markdown.matchAll(/\]\(([^)#]+\.md)[^)]*\)/g)) {
      expect(() => readFileSync(join(RUNBOOKS, link)), link).not.toThrow();
    }
  });
});
