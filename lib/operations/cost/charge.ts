import { PRICES, type Price, type PriceName, type Region, type Tiers } from './price-list.ts';

/** AWS's calculators reckon a month as 730 hours. */
export const HOURS_PER_MONTH = 730;
export const SECONDS_PER_MONTH = HOURS_PER_MONTH * 3_600;

/** Something that is charged for, by the part of the system that causes it. */
export interface Usage {
  readonly price: PriceName;
  /** In a month, in what the price counts: requests, bytes, GB-months; never in millions. */
  readonly quantity: number;
  /** Channel, consumer or outbox. */
  readonly part: string;
}

/** A usage with its price. */
export interface Charge extends Usage {
  readonly service: string;
  readonly what: string;
  readonly unit: string;
  /** Quantity in units of the price: millions of requests. */
  readonly units: number;
  readonly dollars: number;
  readonly confirmed: boolean;
}

/**
 * Prices usages. Tiers count over everything that was passed in, as over an account, and each part pays its share.
 * @param usages quantities of a month; what is not used is left out of the answer
 */
export function charge(usages: readonly Usage[], region: Region): Charge[] {
  const used = usages.filter(({ quantity }) => quantity > 0);
  const totals = new Map<PriceName, number>();
  for (const { price, quantity } of used) totals.set(price, (totals.get(price) ?? 0) + quantity);
  return used.map((usage) => {
    const price: Price = PRICES[usage.price];
    const { tiers, confirmed } = price.regions[region];
    const total = totals.get(usage.price) ?? usage.quantity;
    const share = usage.quantity / total;
    const { service, what, unit } = price;
    const units = usage.quantity / price.per;
    return { ...usage, service, what, unit, units, confirmed, dollars: (share * tieredSum(total, tiers)) / price.per };
  });
}

/** @returns dollars times the price's `per` */
function tieredSum(quantity: number, tiers: Tiers): number {
  let from = 0;
  let sum = 0;
  for (const [upTo, dollars] of tiers) {
    if (quantity <= from) break;
    sum += (Math.min(quantity, upTo) - from) * dollars;
    from = upTo;
  }
  return sum;
}

export const sumOf = (charges: readonly Pick<Charge, 'dollars'>[]): number =>
  charges.reduce((sum, { dollars }) => sum + dollars, 0);

/** Sums by service or part, the dearest first. */
export function sumsBy(charges: readonly Charge[], key: 'service' | 'part'): { name: string; dollars: number }[] {
  return [...Map.groupBy(charges, (one) => one[key])]
    .map(([name, group]) => ({ name, dollars: sumOf(group) }))
    .sort((a, b) => b.dollars - a.dollars);
}
