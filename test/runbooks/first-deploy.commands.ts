import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { NEW_ACCOUNT } from '../../lib/local/account/account.ts';
import { prepareWorkplace } from './app.ts';
import { rehearsed } from './rehearsed.ts';

/** The stage that the page deploys. */
const STAGE = 'dev-alice';
const PAGE = join(import.meta.dirname, '../../docs/first-deploy.md');

it('first-deploy.md: what is not marked as for AWS only works on the engine, with the quotas of a new account', async () => {
  const workplace = await prepareWorkplace(STAGE, { account: NEW_ACCOUNT });
  onTestFinished(() => workplace.close());
  const app = await workplace.open();
  onTestFinished(() => app.close());
  const blocks = rehearsed(readFileSync(PAGE, 'utf8'));
  expect(blocks.length).toBeGreaterThan(5);
  const printed: string[] = [];
  for (const commands of blocks) printed.push(await app.shell.run(commands));
  const all = printed.join('\n');
  for (const text of ['Lambda: executions at once', 'Nothing is lost, skipped or done again', 'accepted: 20', 'USD'])
    expect(all).toContain(text);
});
