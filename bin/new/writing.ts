import type { Names } from './names.ts';

/** A file to be written. */
export interface NewFile {
  readonly path: string;
  readonly text: string;
}

/** What writes a file: the names, how its imports are written, and whose house it is. */
export interface Writing {
  readonly n: Names;
  readonly isHouse: boolean;
  readonly imports: (library: readonly string[], others?: Readonly<Record<string, readonly string[]>>) => string;
  /** Path of the contract from where the functions are. */
  readonly contractPath: string;
}
