import { FAULT_KINDS, type FaultTrigger } from '../faults.ts';

/** How much the clock of a new worker is fast, in milliseconds; negative: slow. */
export function clockSkew(functionName: string, faults: FaultTrigger): number {
  const caller = { accessKeyId: 'engine', functionName };
  const strike = faults.at({ service: 'lambda', operation: 'Start', when: 'before', caller });
  if (strike?.action !== 'skew-clock') return 0;
  // By chance half of the clocks are slow: the size, from which ms is made, is split in the middle.
  return strike.size === 1 ? strike.ms : 2 * strike.ms - FAULT_KINDS['skew-clock'].upToMs;
}
