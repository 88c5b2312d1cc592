import { decimalsOf } from '../../../lib/systems/orders/money.ts';

/** An amount without its currency, for tables: `1234.50`. @param minor in the currency's smallest unit: pence */
export function amount(minor: number, currency: string): string {
  const decimals = decimalsOf(currency);
  return (minor / 10 ** decimals).toFixed(decimals);
}

/** An amount as a sentence has it: `£1,234.50`. @param minor in the currency's smallest unit: pence */
export const money = (minor: number, currency: string): string =>
  new Intl.NumberFormat('en-GB', { style: 'currency', currency }).format(minor / 10 ** decimalsOf(currency));
