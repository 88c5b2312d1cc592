/** What has to be done to take back a deployment that failed. */
export interface Undo {
  add(what: string, take: () => Promise<void> | void): void;
  /** Takes everything back, the last first. @returns what could not be taken back, in words */
  run(): Promise<string[]>;
}

export function createUndo(): Undo {
  const steps: { readonly what: string; readonly take: () => Promise<void> | void }[] = [];
  return {
    add: (what, take) => void steps.push({ what, take }),
    async run() {
      const failures: string[] = [];
      for (const { what, take } of steps.splice(0).reverse()) {
        try {
          await take();
        } catch (error) {
          failures.push(
            `The ${what} could not be taken back: ${error instanceof Error ? error.message : String(error)}`,
          );
        }
      }
      return failures;
    },
  };
}
