import { countShared } from '../contract.ts';
import { noting } from '../noting.ts';

export const handler = noting(countShared);
