/**
 * DynamoDB's expressions, as far as the runtime and most handlers use them; anything else is refused by name.
 * Works on typed attribute values. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
 */
export type AttributeValue = Readonly<Record<string, unknown>>;
export type Item = Readonly<Record<string, AttributeValue>>;

export interface Names {
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: Readonly<Record<string, AttributeValue>>;
}

type Condition = (item: Item, names: Names) => boolean;
type Operand = (item: Item, names: Names) => AttributeValue | undefined;

const TOKEN = /\s*(<>|<=|>=|[=<>(),+-]|[#:]?[A-Za-z_][A-Za-z0-9_]*)/y;

/** Words with a meaning that is not implemented: an attribute of that name would be misread. */
const NOT_IMPLEMENTED = new Set(['BETWEEN', 'IN', 'size', 'attribute_type']);

class Reader {
  private readonly tokens: string[] = [];
  private position = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < text.trimEnd().length) {
      const from = TOKEN.lastIndex;
      const token = TOKEN.exec(text)?.[1];
      if (token === undefined) throw new Error(`expression '${text}' cannot be read from character ${from}`);
      if (NOT_IMPLEMENTED.has(token)) {
        throw new Error(`expression '${text}': sluice/testing does not know '${token}'`);
      }
      this.tokens.push(token);
    }
  }

  peek = (): string => this.tokens[this.position] ?? '';
  next = (): string => this.tokens[this.position++] ?? '';
  isNext(token: string): boolean {
    if (this.peek() !== token) return false;
    this.position += 1;
    return true;
  }
  expect(token: string): void {
    if (!this.isNext(token)) throw new Error(`expression '${this.text}': expected '${token}', found '${this.peek()}'`);
  }
  end(): void {
    if (this.peek() !== '') throw new Error(`expression '${this.text}': '${this.peek()}' is one too many`);
  }
}

const nameOf = (token: string, names: Names): string => {
  if (!token.startsWith('#')) return token;
  const name = names.ExpressionAttributeNames?.[token];
  if (name === undefined) throw new Error(`ExpressionAttributeNames lacks ${token}`);
  return name;
};

function path(reader: Reader): (names: Names) => string {
  const token = reader.next();
  return (names) => nameOf(token, names);
}

function operand(reader: Reader): Operand {
  if (reader.peek() === 'if_not_exists') {
    reader.next();
    reader.expect('(');
    const of = path(reader);
    reader.expect(',');
    const otherwise = operand(reader);
    reader.expect(')');
    return (item, names) => item[of(names)] ?? otherwise(item, names);
  }
  const token = reader.next();
  if (!token.startsWith(':')) return (item, names) => item[nameOf(token, names)];
  return (_item, names) => {
    const value = names.ExpressionAttributeValues?.[token];
    if (value === undefined) throw new Error(`ExpressionAttributeValues lacks ${token}`);
    return value;
  };
}

function scalar(value: AttributeValue | undefined): { type: string; value: string | number } | undefined {
  if (value === undefined) return undefined;
  if (value.N !== undefined) return { type: 'N', value: Number(value.N) };
  if (value.S !== undefined) return { type: 'S', value: String(value.S) };
  return { type: Object.keys(value)[0] ?? '', value: JSON.stringify(value) };
}

const setOf = (value: AttributeValue | undefined): Set<string> => new Set((value?.SS as string[] | undefined) ?? []);

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
    return (item, names) => (item[of(names)] !== undefined) === exists;
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
    reader.expect('(');
    const of = path(reader);
    reader.expect(',');
    const part = operand(reader);
    reader.expect(')');
    return (item, names) => setOf(item[of(names)]).has(String(part(item, names)?.S));
  }
  const left = operand(reader);
  const operator = reader.next();
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
    if (a === undefined) throw new TypeError(`SET ${to(names)}: the operand does not exist in the item`);
    if (right === undefined) {
      draft[to(names)] = a;
      return;
    }
    const b = Number(right(before, names)?.N);
    draft[to(names)] = { N: String(Number(a.N) + (operator === '+' ? b : -b)) };
  };
}

function addClause(reader: Reader): Change {
  const to = path(reader);
  const by = operand(reader);
  return (draft, before, names) => {
    const name = to(names);
    const amount = by(before, names);
    if (amount?.SS !== undefined) {
      draft[name] = { SS: [...new Set([...setOf(before[name]), ...setOf(amount)])] };
      return;
    }
    if (amount?.N === undefined) throw new Error(`ADD ${name}: sluice/testing adds numbers and sets of strings only`);
    draft[name] = { N: String(Number(before[name]?.N ?? 0) + Number(amount.N)) };
  };
}

/** A set that has lost its last member is no attribute any more. */
function deleteClause(reader: Reader): Change {
  const from = path(reader);
  const members = operand(reader);
  return (draft, before, names) => {
    const name = from(names);
    const gone = setOf(members(before, names));
    const left = [...setOf(before[name])].filter((member) => !gone.has(member));
    if (left.length === 0) delete draft[name];
    else draft[name] = { SS: left };
  };
}

function removeClause(reader: Reader): Change {
  const of = path(reader);
  return (draft, _before, names) => {
    delete draft[of(names)];
  };
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
