import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { stageNamed } from '../../bin/stages.ts';
import { dollars } from '../../bin/terminal/figures.ts';
import { deployedIn } from '../../lib/operations/cost/deployed.ts';
import { type SystemCost, systemCost } from '../../lib/operations/cost/system-cost.ts';
import { orders } from '../../lib/systems/orders/system.ts';
import { ordersTemplate } from '../systems/orders/synthesised.ts';

/** What stages cost while nothing happens, by the price model, and the table of it in docs/stages.md. */

const README = new URL('../../README.md', import.meta.url);
const PAGE = new URL('../../docs/stages.md', import.meta.url);
const BETWEEN = /(?<=<!-- idle: made by test\/bin\/idle-cost.test.ts -->\n)[\s\S]*(?=<!-- end of idle -->)/;
/** What a personal stage may cost at most, USD a month. */
const PERSONAL = 20;

function idle(stage: string): SystemCost {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-idle-'));
  try {
    const stack = `sluice-${stage}-orders`;
    writeFileSync(join(folder, `${stack}.template.json`), JSON.stringify(ordersTemplate(stageNamed(stage))));
    return systemCost(orders.contract, { region: 'us-east-1', perSecond: 0, deployed: deployedIn(folder, stack) });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const SERVICES = ['Kinesis', 'CloudWatch', 'SQS', 'KMS'];

function row(name: string, stage: string): string {
  const { dollars: sum, services } = idle(stage);
  const of = (service: string) => services.find((one) => one.name === service)?.dollars ?? 0;
  const rest = sum - SERVICES.reduce((all, service) => all + of(service), 0);
  return `| ${[name, dollars(sum), ...SERVICES.map((service) => dollars(of(service))), dollars(rest)].join(' | ')} |`;
}

it('a personal stage costs little while nothing happens', () => {
  const personal = idle('dev-alice');
  expect(personal.messages).toBe(0);
  expect(personal.dollars).toBeLessThan(PERSONAL);
  // And it is reckoned as it is deployed: the same declarations cost several times as much in another stage.
  expect(idle('dev').dollars).toBeGreaterThan(3 * personal.dollars);
  expect(readFileSync(README, 'utf8')).toContain(`which cost ${Math.ceil(personal.dollars)} USD a month`);
});

it('docs/stages.md shows what they cost', () => {
  const page = readFileSync(PAGE, 'utf8');
  const table = [
    `| orders in | USD a month | ${SERVICES.join(' | ')} | the rest |`,
    `|---|---|${'---|'.repeat(SERVICES.length + 1)}`,
    row('`dev-*`', 'dev-alice'),
    row('`dev`', 'dev'),
    row('`prod`', 'test-kept'),
  ];
  expect(page).toMatch(BETWEEN);
  const current = page.replace(BETWEEN, () => `${table.join('\n')}\n`);
  if (process.env.UPDATE_DOCS === '1') writeFileSync(PAGE, current);
  else expect(page, 'UPDATE_DOCS=1 npx vitest run test/bin/idle-cost.test.ts writes it anew').toBe(current);
});
