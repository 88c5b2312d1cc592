import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENTRIES, TOOL_ENTRIES } from './build.ts';
import { namesIn, type PublicName, publicNames } from './public-names.ts';

/** `docs/api.md`, made from the entries of the library and their doc comments: `node packaging/api-page.ts` writes it. */
export const API_PAGE = join(import.meta.dirname, '../docs/api.md');

const row = ({ name, kind, summary }: PublicName): string =>
  `| \`${name}\` | ${kind} | ${summary.replaceAll('|', '\\|')} |`;

const section = (from: string, names: readonly PublicName[]): string =>
  [`## ${from}`, '', '| name | | what it is |', '|---|---|---|', ...names.map(row), ''].join('\n');

export const apiPage = (): string =>
  [
    '# The public names',
    '',
    'Made by `node packaging/api-page.ts` from the doc comments, which say more: units, ranges, defaults, errors, sources. How to use the package: [library.md](library.md).',
    '',
    ...ENTRIES.map((entry) => section(`sluice/${entry}`, publicNames(entry))),
    ...Object.entries(TOOL_ENTRIES).map(([name, file]) => section(join('sluice-cli', name), namesIn(`${file}.ts`))),
  ].join('\n');

if (import.meta.main) writeFileSync(API_PAGE, apiPage());
