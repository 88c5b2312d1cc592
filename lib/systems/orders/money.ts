/**
 * Decimals of a currency by ISO 4217: 2 for GBP, 0 for JPY, 3 for BHD. Codes that nobody knows have 2.
 * @param currency three letters
 */
export const decimalsOf = (currency: string): number =>
  new Intl.NumberFormat('en-GB', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
