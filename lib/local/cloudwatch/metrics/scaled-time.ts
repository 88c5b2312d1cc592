/**
 * The time CloudWatch counts in: the machine's clock times the engine's time scale. At 60 a period of a minute lasts a
 * second. Everything inside `cloudwatch/` is in scaled milliseconds; what callers give and get is in real time.
 */
export interface ScaledTime {
  /** Scaled milliseconds now. */
  now(): number;
  /** Real epoch milliseconds to scaled ones. */
  scaled(realMs: number): number;
  /** Scaled milliseconds to real epoch milliseconds. */
  real(scaledMs: number): number;
  /** How many times as fast as the machine's clock. */
  readonly scale: number;
}

/** @param scale above 0; 1 is AWS's pace. @param clock real epoch milliseconds */
export function createScaledTime(scale: number, clock: () => number = Date.now): ScaledTime {
  return {
    scale,
    now: () => clock() * scale,
    scaled: (realMs) => realMs * scale,
    real: (scaledMs) => scaledMs / scale,
  };
}
