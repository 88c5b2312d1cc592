import { readAny } from '../contract.ts';
import { noting } from '../noting.ts';

export const handler = noting(readAny);
