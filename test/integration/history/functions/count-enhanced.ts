import { countEnhanced } from '../contract.ts';
import { noting } from '../noting.ts';

export const handler = noting(countEnhanced);
