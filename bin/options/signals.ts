/** Ctrl-C (or a polite kill) as a promise and an abort signal. A second one ends the process at once. */
export function interrupted(): { readonly promise: Promise<void>; readonly signal: AbortSignal } {
  const controller = new AbortController();
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      controller.abort();
      resolve();
    });
  }
  return { promise, signal: controller.signal };
}

export const EXIT_INTERRUPTED = 130;
