import { readFrench } from '../contract.ts';
import { noting } from '../noting.ts';

export const handler = noting(readFrench);
