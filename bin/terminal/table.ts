import Table from 'cli-table3';
import type { Terminal } from './terminal.ts';

/** Rows under headings: a box on a terminal, plain columns elsewhere. */
export function renderTable(
  { rich }: Pick<Terminal, 'rich'>,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  if (rich) {
    const table = new Table({ head: [...head], style: { head: ['bold'], border: ['dim'] } });
    table.push(...rows.map((row) => [...row]));
    return table.toString();
  }
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
