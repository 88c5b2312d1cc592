import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A name that other projects import. */
export interface PublicName {
  readonly name: string;
  readonly kind: 'class' | 'const' | 'function' | 'interface' | 'type';
  /** The first sentence of its doc comment; empty without one. */
  readonly summary: string;
}

const LIB = join(import.meta.dirname, '../lib');

const EXPORTS = /export (?:type )?\{(?<names>[^}]*)\} from '(?<file>\.\.?\/[^']+)'/g;
const DECLARATION = /^export (?:async )?(?<kind>class|const|function|interface|type) (?<name>\w+)/gm;
/** A doc comment that ends right before a declaration, or before the line that excuses it from a lint rule. */
const DOC_BEFORE = /\/\*\*(?<text>(?:(?!\*\/)[\s\S])*)\*\/\s*(?:\/\/ biome-ignore.*\s*)?$/;

/** The sentence that a list shows: without stars and tags, up to the first full stop that ends a sentence. */
function firstSentence(comment: string): string {
  const text = comment
    .split('\n')
    .map((line) => line.trim().replace(/^\*\s?/, ''))
    .join(' ')
    .split(/\s@\w/, 1)[0]
    ?.trim();
  return text?.match(/^.*?\.(?=\s|$)/)?.[0].slice(0, -1) ?? text ?? '';
}

/** What a source file exports, with what it says about it. Re-exports are followed. */
function declaredIn(file: string): Map<string, PublicName> {
  const source = readFileSync(join(LIB, file), 'utf8');
  const declared = new Map<string, PublicName>();
  for (const { groups = {}, index } of source.matchAll(DECLARATION)) {
    const { name = '', kind = '' } = groups;
    if (declared.has(name)) continue;
    const comment = source.slice(0, index).match(DOC_BEFORE)?.groups?.text ?? '';
    declared.set(name, { name, kind: kind as PublicName['kind'], summary: firstSentence(comment) });
  }
  for (const name of exportsOf(file, source)) declared.set(name.name, name);
  return declared;
}

function exportsOf(file: string, source: string): PublicName[] {
  return [...source.matchAll(EXPORTS)].flatMap(({ groups = {} }) => {
    const from = declaredIn(join(dirname(file), groups.file ?? ''));
    const names = (groups.names ?? '').split(',').map((name) => name.trim().replace(/^type /, ''));
    return names
      .filter((name) => name !== '')
      .map((name) => {
        const found = from.get(name);
        if (found === undefined)
          throw new Error(`lib/${file} exports '${name}', which ${groups.file} does not declare`);
        return found;
      });
  });
}

/** The names behind one door of the library, sorted. */
export const publicNames = (entry: string): PublicName[] => namesIn(`${entry}/index.ts`);

/** The names behind the door that a file in lib/ is, sorted. */
export function namesIn(file: string): PublicName[] {
  return exportsOf(file, readFileSync(join(LIB, file), 'utf8')).sort((a, b) => a.name.localeCompare(b.name, 'en'));
}
