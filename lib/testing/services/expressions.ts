import { type AttributeValue, type Item, putAt, valueAt } from './document-path.ts';
import { inBrackets, listOf, type Names, type Operand, operand, path, Reader } from './expression-reader.ts';

export type { AttributeValue, Item } from './document-path.ts';
export type { Names } from './expression-reader.ts';

/**
 * DynamoDB's conditions and updates, on typed attribute values; what is not known is refused by name. Reserved words are not.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
 */
type Condition = (item: Item, names: Names) => boolean;

function scalar(value: AttributeValue | undefined): { type: string; value: string | number } | undefined {
  if (value === undefined) return undefined;
  if (value.N !== undefined) return { type: 'N', value: Number(value.N) };
  if (value.S !== undefined) return { type: 'S', value: String(value.S) };
  return { type: Object.keys(value)[0] ?? '', value: JSON.stringify(value) };
}

const setOf = (value: AttributeValue | undefined): Set<string> => new Set((value?.SS as string[] | undefined) ?? []);

function compared(operator: string, left: AttributeValue | undefined, right: AttributeValue | undefined): boolean {
  const [a, b] = [scalar(left), scalar(right)];
  return a !== undefined && b !== undefined && a.type === b.type && COMPARE[operator]?.(a.value, b.value) === true;
}

/** A part of a text, or a member of a set or a list. */
function doesContain(whole: AttributeValue | undefined, part: AttributeValue | undefined): boolean {
  if (whole?.S !== undefined) return part?.S !== undefined && String(whole.S).includes(String(part.S));
  if (whole?.L !== undefined) return listOf(whole).some((member) => compared('=', member, part));
  const [[type = '', member] = []] = Object.entries(part ?? {});
  return ((whole?.[`${type}S`] as readonly unknown[] | undefined) ?? []).includes(member);
}

/** Values of different types are never equal, smaller or larger. */
const COMPARE: Readonly<Record<string, (a: string | number, b: string | number) => boolean>> = {
  '=': (a, b) => a === b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

function term(reader: Reader): Condition {
  if (reader.isNext('NOT')) {
    const inner = term(reader);
    return (item, names) => !inner(item, names);
  }
  if (reader.isNext('(')) {
    const inner = anyOf(reader);
    reader.expect(')');
    return inner;
  }
  const word = reader.peek();
  if (word === 'attribute_exists' || word === 'attribute_not_exists') {
    reader.next();
    reader.expect('(');
    const of = path(reader);
    reader.expect(')');
    const exists = word === 'attribute_exists';
    return (item, names) => (valueAt(item, of(names)) !== undefined) === exists;
  }
  if (word === 'begins_with') {
    reader.next();
    reader.expect('(');
    const left = operand(reader);
    reader.expect(',');
    const right = operand(reader);
    reader.expect(')');
    return (item, names) => String(left(item, names)?.S ?? '\0').startsWith(String(right(item, names)?.S));
  }
  if (word === 'contains') {
    reader.next();
    const [of, part] = inBrackets(reader, operand, operand);
    return (item, names) => doesContain(of(item, names), part(item, names));
  }
  if (word === 'attribute_type') {
    reader.next();
    const [of, type] = inBrackets(reader, path, operand);
    return (item, names) => String(type(item, names)?.S) in (valueAt(item, of(names)) ?? {});
  }
  const left = operand(reader);
  const operator = reader.next();
  if (operator === 'BETWEEN') {
    const from = operand(reader);
    reader.expect('AND');
    const to = operand(reader);
    return (item, names) => {
      const value = left(item, names);
      return compared('>=', value, from(item, names)) && compared('<=', value, to(item, names));
    };
  }
  if (operator === 'IN') {
    const among: Operand[] = [];
    reader.expect('(');
    do among.push(operand(reader));
    while (reader.isNext(','));
    reader.expect(')');
    return (item, names) => among.some((one) => compared('=', left(item, names), one(item, names)));
  }
  const right = operand(reader);
  if (operator === '<>') {
    const equal = COMPARE['='] as (typeof COMPARE)[string];
    return (item, names) => {
      const [a, b] = [scalar(left(item, names)), scalar(right(item, names))];
      return !(a !== undefined && b !== undefined && a.type === b.type && equal(a.value, b.value));
    };
  }
  const compare = COMPARE[operator];
  if (compare === undefined) throw new Error(`sluice/testing does not know operator '${operator}'`);
  return (item, names) => {
    const [a, b] = [scalar(left(item, names)), scalar(right(item, names))];
    return a !== undefined && b !== undefined && a.type === b.type && compare(a.value, b.value);
  };
}

function allOf(reader: Reader): Condition {
  const terms = [term(reader)];
  while (reader.isNext('AND')) terms.push(term(reader));
  return (item, names) => terms.every((one) => one(item, names));
}

function anyOf(reader: Reader): Condition {
  const terms = [allOf(reader)];
  while (reader.isNext('OR')) terms.push(allOf(reader));
  return (item, names) => terms.some((one) => one(item, names));
}

type Change = (draft: Record<string, AttributeValue>, before: Item, names: Names) => void;

function setClause(reader: Reader): Change {
  const to = path(reader);
  reader.expect('=');
  const left = operand(reader);
  const operator = reader.peek() === '+' || reader.peek() === '-' ? reader.next() : undefined;
  const right = operator === undefined ? undefined : operand(reader);
  return (draft, before, names) => {
    const a = left(before, names);
    const target = to(names);
    if (a === undefined) throw new TypeError(`SET ${target.attribute}: the operand does not exist in the item`);
    if (right === undefined) {
      putAt(draft, target, a);
      return;
    }
    const b = Number(right(before, names)?.N);
    putAt(draft, target, { N: String(Number(a.N) + (operator === '+' ? b : -b)) });
  };
}

function addClause(reader: Reader): Change {
  const to = path(reader);
  const by = operand(reader);
  return (draft, before, names) => {
    const target = to(names);
    const amount = by(before, names);
    const value = valueAt(before, target);
    if (amount?.SS !== undefined) {
      putAt(draft, target, { SS: [...new Set([...setOf(value), ...setOf(amount)])] });
      return;
    }
    if (amount?.N === undefined)
      throw new Error(`ADD ${target.attribute}: sluice/testing adds numbers and sets of strings only`);
    putAt(draft, target, { N: String(Number(value?.N ?? 0) + Number(amount.N)) });
  };
}

/** A set that has lost its last member is no attribute any more. */
function deleteClause(reader: Reader): Change {
  const from = path(reader);
  const members = operand(reader);
  return (draft, before, names) => {
    const target = from(names);
    const gone = setOf(members(before, names));
    const left = [...setOf(valueAt(before, target))].filter((member) => !gone.has(member));
    putAt(draft, target, left.length === 0 ? undefined : { SS: left });
  };
}

function removeClause(reader: Reader): Change {
  const of = path(reader);
  return (draft, _before, names) => putAt(draft, of(names), undefined);
}

const CLAUSES: Readonly<Record<string, (reader: Reader) => Change>> = {
  SET: setClause,
  ADD: addClause,
  REMOVE: removeClause,
  DELETE: deleteClause,
};

const conditions = new Map<string, Condition>();
const updates = new Map<string, Change[]>();

/** Whether a condition holds for an item; a missing one always does. */
export function holds(expression: string | undefined, item: Item | undefined, names: Names): boolean {
  if (expression === undefined) return true;
  let condition = conditions.get(expression);
  if (condition === undefined) {
    const reader = new Reader(expression);
    condition = anyOf(reader);
    reader.end();
    conditions.set(expression, condition);
  }
  return condition(item ?? {}, names);
}

/** The item after an update expression. */
export function updated(expression: string, item: Item, names: Names): Item {
  let changes = updates.get(expression);
  if (changes === undefined) {
    const reader = new Reader(expression);
    changes = [];
    while (reader.peek() !== '') {
      const clause = CLAUSES[reader.next()];
      if (clause === undefined) throw new Error(`update '${expression}' cannot be read`);
      do changes.push(clause(reader));
      while (reader.isNext(','));
    }
    updates.set(expression, changes);
  }
  const draft = { ...item };
  for (const change of changes) change(draft, item, names);
  return draft;
}
