/**
 * Makes the clock of this worker wrong, as that of a host can be: `Date` is fast by so many milliseconds, or slow.
 * @returns the real clock
 */
export function skewClock(ms: number): () => number {
  const Real = Date;
  const now = (): number => Real.now() + ms;
  globalThis.Date = new Proxy(Real, {
    construct: (target, given, newTarget) => Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget),
    apply: () => new Real(now()).toString(),
    get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
  });
  return Real.now;
}
