import { assumptionTexts, LEFT_OUT } from '../../lib/operations/cost/assumptions.ts';
import { deployedIn, isSynthesised } from '../../lib/operations/cost/deployed.ts';
import { PRICE_LIST_DATE, PRICES, type Price, type Region } from '../../lib/operations/cost/price-list.ts';
import { type SystemCost, systemCost } from '../../lib/operations/cost/system-cost.ts';
import { type System, stackNameOf } from '../../lib/operations/systems/system.ts';
import { systemsOf } from '../apps/systems.ts';
import { dollars, dollarsExactly, share, unitCount } from '../terminal/figures.ts';
import { renderTable } from '../terminal/table.ts';
import { openTerminal, styled, type Terminal } from '../terminal/terminal.ts';

export interface CostCommandOptions {
  readonly rate?: number;
  /** No messages at all. */
  readonly idle: boolean;
  readonly region: Region;
  readonly duration: number;
  readonly effectItems: number;
  readonly assembly?: string;
  readonly stage: string;
  readonly lines: boolean;
  readonly prices: boolean;
  readonly json: boolean;
}

/** What the command works on; tests pass their own. */
export interface CostWorld {
  readonly systems: readonly System[];
  readonly print: (text: string) => void;
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

async function here(): Promise<CostWorld> {
  return { systems: await systemsOf(), print };
}

/** Prints what a month of each system costs. */
export async function cost(options: CostCommandOptions, given?: CostWorld): Promise<number> {
  const terminal = openTerminal(options);
  if (options.prices) {
    const list = { date: PRICE_LIST_DATE, region: options.region, prices: PRICES };
    (given?.print ?? print)(options.json ? JSON.stringify(list) : priceList(options.region, terminal));
    return 0;
  }
  const world = given ?? (await here());
  const { assembly, stage, region, rate, idle, duration, effectItems } = options;
  const deployed = world.systems.filter(
    (system) => assembly === undefined || isSynthesised(assembly, stackNameOf(system, stage)),
  );
  // Of none, the first says what is missing.
  const costs = (deployed.length === 0 ? world.systems : deployed).map((system) =>
    systemCost(system.contract, {
      region,
      perSecond: idle ? 0 : rate,
      assumptions: { durationMs: duration, effectItems },
      deployed: assembly === undefined ? undefined : deployedIn(assembly, stackNameOf(system, stage)),
    }),
  );
  if (options.json) world.print(JSON.stringify({ priceList: PRICE_LIST_DATE, systems: costs }));
  else world.print(costs.map((one) => report(one, options.lines, terminal)).join('\n\n'));
  return 0;
}

function report(one: SystemCost, lines: boolean, terminal: Terminal): string {
  const table = (heading: string, sums: SystemCost['parts']) =>
    renderTable(
      terminal,
      [heading, 'USD a month', 'share'],
      sums.map(({ name, dollars: sum }) => [name, dollars(sum), share(sum, one.dollars)]),
    );
  const million = one.messages / 1e6;
  const perMillion = one.perMillion === undefined ? '' : `, ${dollars(one.perMillion)} USD per million`;
  const unsure = [
    ...new Set(one.charges.filter(({ confirmed }) => !confirmed).map(({ service, what }) => `${service}: ${what}`)),
  ];
  return [
    styled(terminal, 'bold', `${one.system}: ${dollars(one.dollars)} USD a month in ${one.region}`),
    `${one.messages === 0 ? 'idle: no messages' : `${million.toFixed(1)} million messages a month${perMillion}`}; prices of ${PRICE_LIST_DATE}`,
    '',
    table('service', one.services),
    '',
    table('part', one.parts),
    ...(lines ? ['', lineTable(one, terminal)] : []),
    '',
    'Taken for granted:',
    ...[...assumptionTexts(one.assumptions), ...one.notes].map((text) => `- ${text}`),
    ...(unsure.length === 0 ? [] : [`- not confirmed, see --prices: ${unsure.join('; ')}`]),
    '',
    `Left out: ${LEFT_OUT}.`,
  ].join('\n');
}

const lineTable = ({ charges }: SystemCost, terminal: Terminal): string =>
  renderTable(
    terminal,
    ['part', 'service', 'what', 'quantity', 'USD a month'],
    charges.map((line) => [
      line.part,
      line.service,
      line.confirmed ? line.what : `${line.what} (not confirmed)`,
      `${unitCount(line.units)} ${line.unit}`,
      dollars(line.dollars),
    ]),
  );

function priceList(region: Region, terminal: Terminal): string {
  const rows = Object.values<Price>(PRICES).map(({ service, what, unit, regions, source }) => {
    const { tiers, confirmed } = regions[region];
    const price = tiers.map(([, each]) => dollarsExactly(each)).join(', ');
    return [service, what, price, unit, confirmed ? 'yes' : 'no', source];
  });
  return [
    `Prices in ${region}, ${PRICE_LIST_DATE}, in USD, without free tiers; several prices: tiers by volume`,
    renderTable(terminal, ['service', 'what', 'USD', 'per', 'confirmed', 'source'], rows),
  ].join('\n');
}
