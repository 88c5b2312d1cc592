import { fromQueue } from '../contract.ts';
import { refusing } from '../refusing.ts';

export const handler = refusing(fromQueue);
