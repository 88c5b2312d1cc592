import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { compileFunction } from 'node:vm';

const require = createRequire(import.meta.url);

/** A parser that PEG.js has generated. */
export interface Parser {
  parse(text: string, options: object): unknown;
}

/** Head of a rule of a generated parser. */
const RULE = /^ {2}function peg\$parse(\w+)\(\) \{$/gm;

/**
 * What PEG.js itself adds when it is asked for a cache: each rule is tried once at each place, so that time grows with the length of the
 * text. Without it, it grows exponentially with the depth of parentheses.
 */
const once = (name: string, rule: number): string =>
  `  function peg$parse${name}() { return peg$once(${rule}, peg$run${name}); }
  function peg$run${name}() {`;
const ONCE = `
  function peg$once(rule, run) {
    var results = peg$once.results || (peg$once.results = new Map());
    var place = peg$currPos * 100 + rule, known = results.get(place);
    if (known === undefined) {
      results.set(place, known = { result: run(), end: 0 });
      known.end = peg$currPos;
    }
    peg$currPos = known.end;
    return known.result;
  }
`;

/**
 * Makes the parser in a file of dynalite take time in proportion to the text, and puts it in the place of the one that dynalite uses. What
 * it accepts, answers and refuses stays the same.
 * @throws Error when the file is not what PEG.js 0.10 generates
 */
export function makeLinear(module: string): Parser {
  const parser = require(module) as Parser;
  const text = readFileSync(require.resolve(module), 'utf8');
  let rules = 0;
  const linear = text.replaceAll(RULE, (_head, name: string) => {
    rules += 1;
    return `${rules === 1 ? ONCE : ''}${once(name, rules)}`;
  });
  if (rules === 0) throw new Error(`${module} is no parser of PEG.js 0.10: has the version of dynalite changed?`);
  const made: { exports: Partial<Parser> } = { exports: {} };
  compileFunction(linear, ['module'], { filename: require.resolve(module) })(made);
  return Object.assign(parser, { parse: made.exports.parse });
}
