import type { Fault } from './fault.ts';

/** What came of a fault, the last time that it was put in. */
export interface Result {
  readonly date: string;
  readonly commit: string;
  /** The test that noticed it; undefined: it lived. */
  readonly by?: string;
  /** What came of it the first time, before any test was sharpened for it; undefined: not kept. */
  readonly first?: 'noticed' | 'lived';
}

interface Tried {
  readonly fault: Fault;
  readonly result: Result | undefined;
}

const folderOf = ({ file }: Fault): string => (file.startsWith('lib/') ? file.split('/').slice(0, 2).join('/') : 'bin');

const percent = (part: number, whole: number): string => (whole === 0 ? '' : `${Math.round((part / whole) * 100)} %`);

function row(name: string, all: readonly Tried[]): string {
  const real = all.filter(({ fault }) => fault.equivalent === undefined);
  const run = real.filter(({ result }) => result !== undefined);
  const noticed = run.filter(({ result }) => result?.by !== undefined);
  const atFirst = run.filter(({ result }) => result?.first === 'noticed');
  const isKept = run.every(({ result }) => result?.first !== undefined);
  const dates = [...new Set(run.map(({ result }) => result?.date ?? ''))].sort();
  const counts = [
    ...[all.length, all.length - real.length, real.length - run.length, noticed.length],
    run.length - noticed.length,
  ];
  const shares = [isKept ? percent(atFirst.length, run.length) : 'not kept', percent(noticed.length, run.length)];
  return `| ${[name, ...counts, ...shares, dates.at(-1) ?? ''].join(' | ')} |`;
}

const list = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ['', `${title}:`, '', ...lines.map((line) => `- ${line}`)];

/** Results by draw and folder, and what lived, as Markdown. */
export function tableOf(draws: Readonly<Record<string, readonly Tried[]>>): string {
  const tables = Object.entries(draws).flatMap(([name, tried]) => [
    `## ${name} draw`,
    '',
    '| folder | faults | equivalent | not run | noticed | lived | share at first | share | last run |',
    '|---|---|---|---|---|---|---|---|---|',
    ...[...Map.groupBy(tried, ({ fault }) => folderOf(fault))].map(([folder, all]) => row(folder, all)),
    row('all', tried),
    '',
  ]);
  const all = Object.values(draws).flat();
  const lived = all.filter(
    ({ fault, result }) => result !== undefined && result.by === undefined && fault.equivalent === undefined,
  );
  const equivalent = all.filter(({ fault }) => fault.equivalent !== undefined);
  const told = ({ fault }: Tried): string => `\`${fault.file}\`: ${fault.mistake}`;
  return [
    ...tables.slice(0, -1),
    ...list('Lived', lived.map(told)),
    ...list(
      'Equivalent',
      equivalent.map((one) => `${told(one)}; ${one.fault.equivalent}`),
    ),
  ].join('\n');
}
