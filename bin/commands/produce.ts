import { deploymentOf, output, placeInWords } from '../../lib/operations/deployed/deployment.ts';
import { type InputLine, readLines } from '../../lib/operations/traffic/ndjson.ts';
import type { OrderRequest } from '../../lib/systems/orders/request.ts';
import { openClients } from '../../lib/systems/orders/tools/clients.ts';
import { isThrottled, openShop, patient, placeAll } from '../../lib/systems/orders/tools/producer.ts';
import { endlessly, SAMPLE_FILE, shelfFor, withCancelledOrders } from '../../lib/systems/orders/tools/samples.ts';
import { fillShelf } from '../../lib/systems/orders/tools/stock.ts';
import { EXIT_INTERRUPTED, interrupted } from '../options/signals.ts';
import { openTerminal } from '../terminal/terminal.ts';

export interface ProduceOptions {
  readonly file?: string;
  readonly rate?: number;
  readonly count?: number;
  /** Whether orders go out under numbers of their own, or as they stand. @default new for the samples, as they stand for a file */
  readonly ids?: 'new' | 'same';
  readonly stage: string;
  readonly json: boolean;
}

/** Requests in work at once: enough to keep the function busy, few enough for a laptop. */
const PARALLEL = 16;
const MAX_SHOWN = 5;

const stackOf = (stage: string): string => `sluice-${stage}-orders`;

/** Places orders and says what became of each. @returns 0; 1 when a line was no JSON or the function failed; 130 when interrupted */
export async function produceOrders(options: ProduceOptions): Promise<number> {
  const { signal } = interrupted();
  const terminal = openTerminal(options);
  const { orders: read, broken } = await readOrders(options);
  const orders = [...numbered(read, options)];
  const { outputs, place } = await deploymentOf(stackOf(options.stage));
  const target = place('LAMBDA');
  terminal.note(`Placing ${orders.length} orders: ${placeInWords(target)}`);
  const result = {
    accepted: 0,
    duplicates: 0,
    refused: {} as Record<string, number>,
    broken: broken.length,
    throttled: 0,
  };
  const shop = patient(openShop(output(outputs, 'PlaceOrderFunction')), isThrottled, () => {
    result.throttled += 1;
  });
  const bar = terminal.progress('placing', orders.length);
  try {
    await placeAll(shop, orders, { parallel: PARALLEL, perSecond: options.rate, signal }, ({ reply }) => {
      bar.step();
      if (reply.status === 'refused') result.refused[reply.reason] = (result.refused[reply.reason] ?? 0) + 1;
      else if (reply.duplicate) result.duplicates += 1;
      else result.accepted += 1;
    });
  } finally {
    bar.stop();
    shop.close();
  }
  for (const { error } of broken.slice(0, MAX_SHOWN)) terminal.note(error);
  if (options.json) process.stdout.write(`${JSON.stringify({ ...result, target })}\n`);
  else process.stdout.write(describe(result));
  if (signal.aborted) return EXIT_INTERRUPTED;
  return broken.length === 0 ? 0 : 1;
}

/**
 * The orders as they are sent. A number is an order's identity, so that the samples under their own numbers are new orders once only: every run gives
 * them others, and begins again when more are asked for than there are.
 */
function* numbered(
  orders: readonly OrderRequest[],
  { file, ids = file === undefined ? 'new' : 'same', count = orders.length }: ProduceOptions,
): Generator<OrderRequest> {
  const all = ids === 'same' ? orders : endlessly(orders, Date.now().toString(36));
  let sent = 0;
  for (const order of all) {
    if (sent++ >= count) return;
    yield order;
  }
}

function describe(result: {
  accepted: number;
  duplicates: number;
  refused: Record<string, number>;
  broken: number;
  throttled: number;
}): string {
  const refusals = Object.entries(result.refused).map(([reason, count]) => `  refused, ${reason}: ${count}\n`);
  const before = result.duplicates > 0 ? `placed before: ${result.duplicates}\n` : '';
  const throttled =
    result.throttled > 0
      ? `throttled, and tried again: ${result.throttled} (the account has too few executions, or a table takes no more: npx sluice quotas)\n`
      : '';
  return `accepted: ${result.accepted}\n${before}${throttled}${refusals.join('')}${result.broken > 0 ? `not JSON: ${result.broken}\n` : ''}`;
}

/** Fills the shelf for the orders of a file. */
export async function produceStock(options: ProduceOptions): Promise<number> {
  const { orders } = await readOrders(options);
  const { outputs, place } = await deploymentOf(stackOf(options.stage));
  const target = place('DYNAMODB');
  openTerminal(options).note(`Filling the shelf: ${placeInWords(target)}`);
  const clients = openClients();
  try {
    const added = await fillShelf(clients, output(outputs, 'StockTable'), shelfFor(orders));
    process.stdout.write(options.json ? `${JSON.stringify({ added, target })}\n` : `shelves added: ${added}\n`);
    return 0;
  } finally {
    clients.close();
  }
}

type Broken = Extract<InputLine, { error: string }>;

async function readOrders({
  file = SAMPLE_FILE,
  count,
}: ProduceOptions): Promise<{ orders: OrderRequest[]; broken: Broken[] }> {
  const orders: OrderRequest[] = [];
  const broken: Broken[] = [];
  for await (const line of readLines(file)) {
    if ('error' in line) broken.push(line);
    else orders.push(line.value as OrderRequest);
    if (count !== undefined && orders.length >= count) break;
  }
  return { orders: withCancelledOrders(orders), broken };
}
