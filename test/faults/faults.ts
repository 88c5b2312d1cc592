import type { Fault } from './fault.ts';
import { fifthDraw } from './fifth-draw.ts';
import { firstDraw } from './first-draw.ts';
import { fourthDraw } from './fourth-draw.ts';
import { secondDraw } from './second-draw.ts';
import { sixthDraw } from './sixth-draw.ts';
import { thirdDraw } from './third-draw.ts';

/** All of them, in the order of their numbers. */
export const faults: readonly Fault[] = [
  ...firstDraw,
  ...secondDraw,
  ...thirdDraw,
  ...fourthDraw,
  ...fifthDraw,
  ...sixthDraw,
];
