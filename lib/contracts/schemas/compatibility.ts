import type { JsonSchema } from './json-schema.ts';
import type { Break, BreakKind } from './json-schema-break.ts';
import { unreadable } from './json-schema-diff.ts';

/** backward: new code reads old data. forward: old code reads new data. full: both. */
export type Mode = 'backward' | 'forward' | 'full';
export type Direction = Exclude<Mode, 'full'>;

/** What changed between an older and a newer schema, by name. */
export type CompatibilityRule =
  | 'required-field-added'
  | 'required-field-removed'
  | 'field-made-required'
  | 'field-made-optional'
  | 'field-added-to-closed-object'
  | 'field-removed-from-closed-object'
  | 'object-closed'
  | 'object-opened'
  | 'type-narrowed'
  | 'type-widened'
  | 'type-changed'
  | 'null-refused'
  | 'null-allowed'
  | 'enum-value-removed'
  | 'enum-value-added'
  | 'variant-removed'
  | 'variant-added'
  | 'bound-tightened'
  | 'bound-loosened'
  | 'pattern-changed'
  | 'format-changed'
  | 'cannot-judge';

/** A change that breaks readers. */
export interface Incompatibility {
  readonly rule: CompatibilityRule;
  /** Which readers it breaks: those of the new code over old data (backward), or those of the old code over new data (forward). */
  readonly breaks: Direction;
  /** Field, like `lines[].sku`; empty for the data as a whole. */
  readonly path: string;
  readonly before: string;
  readonly after: string;
  readonly fix: string;
}

/** The same break has another name in each direction: what the new reader asks more is what the old one asked less. */
const NAMES: Readonly<Record<BreakKind, Readonly<Record<Direction, CompatibilityRule>>>> = {
  'undeclared-required': { backward: 'required-field-added', forward: 'required-field-removed' },
  required: { backward: 'field-made-required', forward: 'field-made-optional' },
  undeclared: { backward: 'field-removed-from-closed-object', forward: 'field-added-to-closed-object' },
  closed: { backward: 'object-closed', forward: 'object-opened' },
  type: { backward: 'type-narrowed', forward: 'type-widened' },
  'other-type': { backward: 'type-changed', forward: 'type-changed' },
  null: { backward: 'null-refused', forward: 'null-allowed' },
  values: { backward: 'enum-value-removed', forward: 'enum-value-added' },
  variant: { backward: 'variant-removed', forward: 'variant-added' },
  bound: { backward: 'bound-tightened', forward: 'bound-loosened' },
  pattern: { backward: 'pattern-changed', forward: 'pattern-changed' },
  format: { backward: 'format-changed', forward: 'format-changed' },
  'cannot-judge': { backward: 'cannot-judge', forward: 'cannot-judge' },
};

const FIXES: Readonly<Record<CompatibilityRule, string>> = {
  'required-field-added': 'Make the field optional or give it a default, or fill it in an upcaster',
  'required-field-removed': 'Keep writing the field until no consumer requires it',
  'field-made-required': 'Leave the field optional or give it a default, or fill it in an upcaster',
  'field-made-optional': 'Keep writing the field until no consumer requires it',
  'field-added-to-closed-object': 'Deploy consumers that know the field first, or do not close the object',
  'field-removed-from-closed-object': 'Do not close the object, or drop the field in an upcaster',
  'object-closed': 'Do not close the object, or drop unknown fields in an upcaster',
  'object-opened': 'Deploy consumers that bear unknown fields first',
  'type-narrowed': 'Keep reading the old type as well, or convert it in an upcaster',
  'type-widened': 'Deploy consumers that read the new type first',
  'type-changed': 'Add a field of the new type beside the old one, or convert it in an upcaster',
  'null-refused': 'Keep reading null, or replace it in an upcaster',
  'null-allowed': 'Deploy consumers that read null first',
  'enum-value-removed': 'Keep reading the old value, or map it in an upcaster',
  'enum-value-added': 'Deploy consumers that know the value first',
  'variant-removed': 'Keep reading the old variant, or map it in an upcaster',
  'variant-added': 'Deploy consumers that know the variant first',
  'bound-tightened': 'Keep the old limit for reading, or bring old data inside the new one in an upcaster',
  'bound-loosened': 'Deploy consumers with the new limit first',
  'pattern-changed':
    'Keep the old pattern, or convert old data in an upcaster: which of two patterns is stricter cannot be told',
  'format-changed':
    'Keep the old format, or convert old data in an upcaster: which of two formats is stricter cannot be told',
  'cannot-judge':
    'Write the schema with keywords that can be compared, or look at it yourself and raise the version with an upcaster',
};

const named = (breaks: Direction, { kind, path, writer, reader }: Break): Incompatibility => {
  const rule = NAMES[kind][breaks];
  const [before, after] = breaks === 'backward' ? [writer, reader] : [reader, writer];
  return { rule, breaks, path, before, after, fix: FIXES[rule] };
};

/**
 * What breaks between an older and a newer schema of the same data. Nothing means: compatible in this mode. What cannot be judged
 * is reported as such, never passed.
 */
export function incompatibilities(older: JsonSchema, newer: JsonSchema, mode: Mode): readonly Incompatibility[] {
  return [
    ...(mode === 'forward' ? [] : unreadable(older, newer).map((one) => named('backward', one))),
    ...(mode === 'backward' ? [] : unreadable(newer, older).map((one) => named('forward', one))),
  ];
}
