import type { Stack } from 'aws-cdk-lib';

/** A mistake, what is said of it, and the same without the mistake. */
export interface Example {
  readonly bad: (stack: Stack) => void;
  readonly good: (stack: Stack) => void;
  /** What the finding names: construct below the stack, property and value. */
  readonly path: string;
  readonly property: string;
  readonly value: string;
  /** A part of the advice. */
  readonly fix: string;
}

/** By rule; a rule may have several. */
export type Examples = Readonly<Record<string, readonly Example[]>>;
