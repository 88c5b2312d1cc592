/**
 * The rule by which the faults were drawn, before their tests were read: each folder gives as many places as
 * the table of the draw says, every line of code in it (not blank, no comment, no import, no line of brackets alone) being as likely as another.
 * The first draw is seed 20261128; the second 20261129, of the folders that were weak, eight places each,
 * the third 20261130 and the fourth 20261201, five each: the first ones of each folder by the table of the first draw.
 * The fifth, 20261202, is of all folders again, by a table of its own.
 * At a place drawn, the mistake a person might make is put into the statement there, or into the nearest one that decides something.
 *
 *     node test/faults/draw.ts [seed]
 */
import { globSync, readFileSync } from 'node:fs';

const first = {
  'lib/contracts': 9,
  'lib/runtime': 9,
  'lib/constructs': 10,
  'lib/lint': 9,
  'lib/operations': 9,
  'lib/systems': 9,
  'lib/local': 12,
  bin: 9,
};

/** Places of each folder, by the seed of the draw. A seed that is not here draws as the first did. */
const draws: Readonly<Record<number, Readonly<Record<string, number>>>> = {
  20261202: {
    'lib/contracts': 8,
    'lib/runtime': 8,
    'lib/constructs': 8,
    'lib/lint': 8,
    'lib/operations': 8,
    'lib/systems': 8,
    'lib/local': 14,
    bin: 8,
  },
};

const isCode = (line: string) => !/^\s*($|\/\/|\/?\*|import |} from |export [{*]|type |[\])}([{;,]+$)/.test(line);

/** mulberry32: the same places for the same seed, everywhere. */
const random = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};

const seed = Number(process.argv[2] ?? 20261128);
const next = random(seed);
for (const [folder, count] of Object.entries(draws[seed] ?? first)) {
  const lines = globSync(`${folder}/**/*.ts`)
    .sort()
    .flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .map((text, i) => ({ place: `${file}:${i + 1}`, text }))
        .filter(({ text }) => isCode(text)),
    );
  for (let i = 0; i < count; i++) {
    const [drawn] = lines.splice(Math.floor(next() * lines.length), 1);
    if (drawn) console.log(`${drawn.place}\t${drawn.text.trim()}`);
  }
}
