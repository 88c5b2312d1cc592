import type { TroubledApp } from './app.ts';

/** What a runbook is tried on. */
export interface Situation {
  /** Makes the trouble. */
  readonly trouble: (app: TroubledApp) => Promise<void>;
  /** The alarm that rings for it, without its stack, and that is OK at the end. @default none rings, or only one that days would have to pass for */
  readonly alarm?: string;
  /** What has come of a block, by its number on the page; also what a person does between two blocks. */
  readonly after?: Readonly<Record<number, (app: TroubledApp, printed: string) => unknown>>;
  /** What must be true, or has to be done by a person, before somebody looks whether it is over. */
  readonly over?: (app: TroubledApp) => unknown;
}

/** By the runbook's name. */
export type Situations = Readonly<Record<string, Situation>>;
