import { stackNameOf } from '../../lib/operations/systems/system.ts';
import { systemsOf } from '../config/systems.ts';
import { renderTable } from '../terminal/table.ts';
import { openTerminal } from '../terminal/terminal.ts';

export interface SystemsOptions {
  readonly stage: string;
  readonly json: boolean;
}

/** Lists the systems of this folder. @returns 0 */
export async function listSystems({ stage, json }: SystemsOptions): Promise<number> {
  const rows = (await systemsOf()).map((system) => ({
    name: system.name,
    summary: system.summary,
    stack: stackNameOf(system, stage),
    channels: system.contract.channels.map(({ name }) => name).sort(),
    subscriptions: system.contract.subscriptions.map(({ name }) => name).sort(),
    samples: system.tools !== undefined,
  }));
  const table = renderTable(
    openTerminal({ json }),
    ['system', 'what it is for', 'stack', 'consumers', 'samples'],
    rows.map(({ name, summary, stack, subscriptions, samples }) => [
      name,
      summary,
      stack,
      subscriptions.join(', '),
      samples ? 'yes' : 'no',
    ]),
  );
  process.stdout.write(`${json ? JSON.stringify({ systems: rows }) : table}\n`);
  return 0;
}
