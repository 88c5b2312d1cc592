import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../integration/orders-app.ts';
import { changedTo, isIn } from './alarm-states.ts';
import { prepareWorkplace, type TroubledApp, type Workplace } from './app.ts';
import { RUNBOOKS } from './index-page.ts';
import { readPage } from './page.ts';
import type { Situation, Situations } from './situation.ts';

const OVER = 'When it is over';

/** One test for each runbook: its trouble is made, its commands are run as they stand in it, and the trouble is over. */
export function tryRunbooks(situations: Situations): void {
  let workplace: Workplace;
  beforeAll(async () => {
    workplace = await prepareWorkplace();
  });
  afterAll(() => workplace?.close());

  it.each(Object.entries(situations))(
    '%s: its commands work, on the trouble that they are for',
    async (name, situation) => {
      const app = await workplace.open();
      try {
        await tryRunbook(app, name, situation);
      } finally {
        await app.close();
      }
    },
  );
}

async function tryRunbook(app: TroubledApp, name: string, situation: Situation): Promise<void> {
  const { trouble, alarm, after = {}, over } = situation;
  const { blocks } = readPage(readFileSync(join(RUNBOOKS, `${name}.md`), 'utf8'));
  expect(blocks.length).toBeGreaterThan(0);
  await trouble(app);
  if (alarm !== undefined) await changedTo(app, alarm, 'ALARM');
  const firstOver = blocks.find(({ section }) => section === OVER);
  let printed = '';
  for (const block of blocks) {
    if (block === firstOver) {
      await over?.(app);
      if (alarm !== undefined) await isIn(app, alarm, 'OK');
    }
    printed = await app.shell.run(block.commands);
    await after[block.number]?.(app, printed);
  }
  const last = blocks.at(-1);
  if (alarm === undefined || last === undefined) return;
  const isOver = new RegExp(`${app.stackName}-${alarm}\\s+OK\\b`);
  // A machine that is busy for two of CloudWatch's minutes silences the sweeper: whoever looks again sees that it was nothing.
  await eventually(`the commands to say that ${alarm} is OK; they said: ${printed}`, async () => {
    if (!isOver.test(printed)) printed = await app.shell.run(last.commands);
    return isOver.test(printed);
  });
}
