/**
 * The table of docs/conformance.md, read off the names of the conformance cases.
 * `node test/local/conformance/table.ts` writes it; table.test.ts fails when the committed one is out of date.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Behaviour } from './conforms.ts';
import { SOURCES } from './sources.ts';

const HERE = new URL('./', import.meta.url);
export const TABLE_FILE = new URL('../../../docs/conformance.md', HERE);

export interface Case extends Behaviour {
  readonly name: string;
  readonly file: string;
}

/** Literals of one call: `conforms('name', { source: 'key', ... }, ...`, as the formatter writes it. */
const CALL = /^conforms\(\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"),\s*(\{[^{}]*\}),/gm;
const MEMBER = /(source|faithful|remark):\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")/g;

/**
 * All cases, file by file in the order of the source text.
 * @throws Error naming the file, when a call cannot be read
 */
export function readCases(): Case[] {
  const files = readdirSync(HERE)
    .filter((file) => file.endsWith('.test.ts'))
    .sort();
  return files.flatMap((file) => {
    const text = readFileSync(new URL(file, HERE), 'utf8');
    const cases = [...text.matchAll(CALL)].map(([, name = '', members = '']) => readCase(file, name, members));
    const calls = text.match(/^conforms\(/gm)?.length ?? 0;
    if (calls !== cases.length)
      throw new Error(
        `${file}: ${calls} calls of conforms, ${cases.length} readable; name and behaviour must be literals`,
      );
    return cases;
  });
}

function readCase(file: string, quotedName: string, members: string): Case {
  const found = Object.fromEntries(
    [...members.matchAll(MEMBER)].map(([, key = '', quoted = '']) => [key, textOf(quoted)]),
  );
  const source = found.source as Behaviour['source'];
  if (SOURCES[source] === undefined) throw new Error(`${file}: ${quotedName} has no known source`);
  return { ...found, name: textOf(quotedName), file, source };
}

/** The text of a string literal in either quotes. */
function textOf(quoted: string): string {
  return quoted.slice(1, -1).replaceAll(/\\(.)/g, '$1');
}

/** The page as it should be. */
export function conformancePage(cases: readonly Case[] = readCases()): string {
  const count = (faithful: Behaviour['faithful']) => cases.filter((one) => (one.faithful ?? 'yes') === faithful).length;
  const used = [...new Set(cases.map(({ source }) => source))].sort();
  const files = Map.groupBy(cases, ({ file }) => file);
  return `<!-- Made by \`node test/local/conformance/table.ts\` from the cases in test/local/conformance. Do not edit. -->

# Conformance of the engine

${cases.length} behaviours of AWS, each held by a case of \`test/local/conformance\` that runs against the engine through its public endpoint:
${count('yes')} faithful, ${count('partly')} partly, ${count('no')} not. What the engine does not have at all is in [engine.md](engine.md).

${[...files].map(([file, list]) => section(file, list)).join('\n')}
${used.map((source) => `[${source}]: ${SOURCES[source][1]}`).join('\n')}
`;
}

function section(file: string, cases: readonly Case[]): string {
  const rows = cases.map(({ name, source, faithful = 'yes', remark = '' }) => {
    return `| ${cell(name)} | [${SOURCES[source][0]}][${source}] | ${faithful} | ${cell(remark)} |`;
  });
  return `## ${file.replace('.test.ts', '')}

| Behaviour | Source | Faithful | Remark |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}

const cell = (text: string): string => text.replaceAll('|', '\\|');

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(TABLE_FILE, conformancePage());
