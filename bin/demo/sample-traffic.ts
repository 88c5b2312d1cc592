import type { OrderRequest } from '../../lib/systems/orders/request.ts';
import { isThrottled, openShop, type Placed, patient, placeAll } from '../../lib/systems/orders/tools/producer.ts';
import { endlessly, readSamples } from '../../lib/systems/orders/tools/samples.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** Every n-th order is sent twice, and the events of every n-th accepted order are published twice. */
export const DUPLICATE_EVERY = 10;
const PARALLEL_ORDERS = 8;
const SECONDS_PER_MINUTE = 60;
const MILLIS_PER_MINUTE = 60_000;

export interface Traffic {
  /** Steady traffic for so long; undefined: all samples once, as a burst. */
  readonly minutes?: number | undefined;
  /** Orders per second of steady traffic. */
  readonly rate: number;
  readonly signal: AbortSignal;
}

/** The samples once, or again and again for as long as was asked; every tenth order twice. */
export async function placeSamples(
  functionName: string,
  { minutes, rate, signal }: Traffic,
  terminal: Terminal,
): Promise<Placed[]> {
  const samples = readSamples();
  const placed: Placed[] = [];
  const shop = patient(openShop(functionName));
  const sendings =
    minutes === undefined
      ? samples.length + Math.ceil(samples.length / DUPLICATE_EVERY)
      : Math.ceil(minutes * SECONDS_PER_MINUTE * rate);
  const bar = terminal.progress(
    minutes === undefined ? `Placing ${samples.length} orders, every tenth twice` : 'Placing orders, every tenth twice',
    sendings,
  );
  if (minutes !== undefined) terminal.note(`Placing ${rate} orders a second for ${minutes} minutes ...`);
  const steady = minutes !== undefined && {
    perSecond: rate,
    signal: AbortSignal.any([signal, AbortSignal.timeout(minutes * MILLIS_PER_MINUTE)]),
  };
  const requests = everyTenthTwice(minutes === undefined ? samples : endlessly(samples));
  try {
    await placeAll(shop, requests, { parallel: PARALLEL_ORDERS, signal, ...steady }, (one) => {
      placed.push(one);
      bar.step();
    });
  } finally {
    bar.stop();
    shop.close();
  }
  return placed;
}

/** Steady sample traffic until the signal. */
export async function keepPlacing(functionName: string, { rate, signal }: Traffic): Promise<void> {
  const shop = patient(openShop(functionName), isThrottled);
  const pace = { parallel: PARALLEL_ORDERS, perSecond: rate, signal };
  try {
    await placeAll(shop, endlessly(readSamples()), pace, () => undefined);
  } finally {
    shop.close();
  }
}

function* everyTenthTwice(orders: Iterable<OrderRequest>): Generator<OrderRequest> {
  let count = 0;
  for (const order of orders) {
    yield order;
    if (count++ % DUPLICATE_EVERY === 0) yield order;
  }
}
