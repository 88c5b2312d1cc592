import type { Fault } from './faults.ts';

/** What came of a fault, the last time that it was put in. */
export interface Result {
  readonly date: string;
  readonly commit: string;
  /** The test that noticed it; undefined: it lived. */
  readonly by?: string;
}

interface Tried {
  readonly fault: Fault;
  readonly result: Result | undefined;
}

const folderOf = ({ file }: Fault): string => (file.startsWith('lib/') ? file.split('/').slice(0, 2).join('/') : 'bin');

/** Results by folder, and what lived, as Markdown. */
export function tableOf(tried: readonly Tried[]): string {
  const row = (name: string, all: readonly Tried[]): string => {
    const real = all.filter(({ fault }) => fault.equivalent === undefined);
    const run = real.filter(({ result }) => result !== undefined);
    const noticed = run.filter(({ result }) => result?.by !== undefined);
    const share = run.length === 0 ? '' : `${Math.round((noticed.length / run.length) * 100)} %`;
    const dates = [...new Set(run.map(({ result }) => `${result?.date} ${result?.commit}`))].sort();
    const counts = [
      all.length,
      all.length - real.length,
      real.length - run.length,
      noticed.length,
      run.length - noticed.length,
    ];
    return `| ${[name, ...counts, share, dates.at(-1) ?? ''].join(' | ')} |`;
  };
  const lived = tried.filter(
    ({ fault, result }) => result !== undefined && result.by === undefined && fault.equivalent === undefined,
  );
  const equivalent = tried.filter(({ fault }) => fault.equivalent !== undefined);
  return [
    '| folder | faults | equivalent | not run | noticed | lived | share | last run |',
    '|---|---|---|---|---|---|---|---|',
    ...[...Map.groupBy(tried, ({ fault }) => folderOf(fault))].map(([folder, all]) => row(folder, all)),
    row('all', tried),
    ...(lived.length === 0
      ? []
      : ['', 'Lived:', '', ...lived.map(({ fault }) => `- \`${fault.file}\`: ${fault.mistake}`)]),
    ...(equivalent.length === 0
      ? []
      : [
          '',
          'Equivalent:',
          '',
          ...equivalent.map(({ fault }) => `- \`${fault.file}\`: ${fault.mistake}; ${fault.equivalent}`),
        ]),
  ].join('\n');
}
