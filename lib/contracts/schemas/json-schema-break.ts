/** Something that may be written and will not be read. */
export interface Break {
  readonly kind: BreakKind;
  /** Field, like `lines[].sku`; empty for the data as a whole, `*` for any other field. */
  readonly path: string;
  /** What the writer's schema says there, in words. */
  readonly writer: string;
  readonly reader: string;
}

export type BreakKind =
  /** The reader requires a field that need not be written; `undeclared-required` when the writer does not know it at all. */
  | 'required'
  | 'undeclared-required'
  /** The reader takes no fields but its own, and the writer has another, or may write any. */
  | 'undeclared'
  | 'closed'
  | 'type'
  /** No type in common. */
  | 'other-type'
  | 'null'
  | 'values'
  | 'variant'
  | 'bound'
  | 'pattern'
  | 'format'
  /** A keyword or a combination that is not understood here: never taken for compatible. */
  | 'cannot-judge';
