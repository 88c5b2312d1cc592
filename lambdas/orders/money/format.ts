/** Decimals of a currency: 2 for GBP, 0 for JPY. Codes that nobody knows have 2. */
const decimalsOf = (currency: string): number =>
  new Intl.NumberFormat('en-GB', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;

/** An amount without its currency, for tables: `1234.50`. @param minor in the currency's smallest unit: pence */
export function amount(minor: number, currency: string): string {
  const decimals = decimalsOf(currency);
  return (minor / 10 ** decimals).toFixed(decimals);
}

/** An amount as a sentence has it: `£1,234.50`. @param minor in the currency's smallest unit: pence */
export const money = (minor: number, currency: string): string =>
  new Intl.NumberFormat('en-GB', { style: 'currency', currency }).format(minor / 10 ** decimalsOf(currency));
