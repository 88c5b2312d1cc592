import { AwsError } from '../../runtime/aws/calls/call.ts';

/** A value as the API has it: `{ S: 'text' }`, `{ N: '1' }`. */
export type AttributeValue = Readonly<Record<string, unknown>>;
export type Item = Readonly<Record<string, AttributeValue>>;

/** Where something is in an item: an attribute, and the way from there into its maps and lists. */
export interface DocumentPath {
  readonly attribute: string;
  readonly steps: readonly (string | number)[];
}

type Draft = Record<string, AttributeValue>;

/** What is there; undefined where nothing is. */
export function valueAt(item: Item, { attribute, steps }: DocumentPath): AttributeValue | undefined {
  let value = item[attribute];
  for (const step of steps) value = childOf(value, step);
  return value;
}

function childOf(value: AttributeValue | undefined, step: string | number): AttributeValue | undefined {
  if (typeof step === 'number') return (value?.L as AttributeValue[] | undefined)?.[step];
  return (value?.M as Item | undefined)?.[step];
}

/** Puts a value there; undefined takes away what is there. @throws AwsError where its map or list is missing */
export function putAt(draft: Draft, { attribute, steps }: DocumentPath, value: AttributeValue | undefined): void {
  const changed = steps.length === 0 ? value : changedAt(draft[attribute], steps, value);
  if (changed === undefined) delete draft[attribute];
  else draft[attribute] = changed;
}

/** A copy in which another value stands there: the item before is still somebody's. */
function changedAt(
  parent: AttributeValue | undefined,
  [step = '', ...further]: readonly (string | number)[],
  value: AttributeValue | undefined,
): AttributeValue {
  const child = further.length === 0 ? value : changedAt(childOf(parent, step), further, value);
  if (typeof step === 'number' && Array.isArray(parent?.L)) {
    const list = [...(parent.L as AttributeValue[])];
    if (child === undefined) list.splice(step, 1);
    else list[Math.min(step, list.length)] = child;
    return { L: list };
  }
  if (typeof step === 'string' && parent?.M !== undefined) {
    const { [step]: _, ...others } = parent.M as Item;
    return { M: child === undefined ? others : { ...others, [step]: child } };
  }
  throw new AwsError(
    'ValidationException',
    'The document path provided in the update expression is invalid for update',
    400,
  );
}
