const MILLIS_PER_SECOND = 1_000;

/** The most that happened in any second, wherever it begins. @param times epoch ms, in any order */
export function mostInASecond(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  let most = 0;
  let first = 0;
  for (const [i, time] of sorted.entries()) {
    while (time - (sorted[first] as number) >= MILLIS_PER_SECOND) first += 1;
    most = Math.max(most, i - first + 1);
  }
  return most;
}
