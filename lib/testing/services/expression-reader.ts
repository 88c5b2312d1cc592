import { type AttributeValue, type DocumentPath, type Item, valueAt } from './document-path.ts';

export interface Names {
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: Readonly<Record<string, AttributeValue>>;
}

/** A value that an expression speaks of. */
export type Operand = (item: Item, names: Names) => AttributeValue | undefined;

const TOKEN = /\s*(<>|<=|>=|[=<>(),.+-]|\[\d+\]|[#:]?[A-Za-z_][A-Za-z0-9_]*)/y;

/** Reads an expression word by word. */
export class Reader {
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

/** The attribute that a word stands for. */
export const nameOf = (token: string, names: Names): string => {
  if (!token.startsWith('#')) return token;
  const name = names.ExpressionAttributeNames?.[token];
  if (name === undefined) throw new Error(`ExpressionAttributeNames lacks ${token}`);
  return name;
};

/** `name`, `#name.part`, `list[0].part`. Most are one name. */
export function path(reader: Reader): (names: Names) => DocumentPath {
  return pathFrom(reader.next(), reader);
}

function pathFrom(token: string, reader: Reader): (names: Names) => DocumentPath {
  const parts: (string | number)[] = [];
  for (;;) {
    if (reader.isNext('.')) parts.push(reader.next());
    else if (reader.peek().startsWith('[')) parts.push(Number(reader.next().slice(1, -1)));
    else break;
  }
  if (parts.length === 0) return (names) => ({ attribute: nameOf(token, names), steps: NO_STEPS });
  return (names) => ({
    attribute: nameOf(token, names),
    steps: parts.map((part) => (typeof part === 'number' ? part : nameOf(part, names))),
  });
}

const NO_STEPS: readonly string[] = [];

/** Arguments of a function, from its opening bracket to the closing one. */
export function inBrackets<A, B>(reader: Reader, first: (reader: Reader) => A, second: (reader: Reader) => B): [A, B] {
  reader.expect('(');
  const one = first(reader);
  reader.expect(',');
  const other = second(reader);
  reader.expect(')');
  return [one, other];
}

/** `:value`, an attribute, or a function of one. */
export function operand(reader: Reader): Operand {
  const token = reader.next();
  if (reader.peek() === '(') {
    if (token === 'if_not_exists') {
      const [of, otherwise] = inBrackets(reader, path, operand);
      return (item, names) => valueAt(item, of(names)) ?? otherwise(item, names);
    }
    if (token === 'list_append') {
      const [first, second] = inBrackets(reader, operand, operand);
      return (item, names) => ({ L: [...listOf(first(item, names)), ...listOf(second(item, names))] });
    }
    if (token === 'size') {
      reader.expect('(');
      const of = path(reader);
      reader.expect(')');
      return (item, names) => sizeOf(valueAt(item, of(names)));
    }
  }
  if (!token.startsWith(':')) {
    const of = pathFrom(token, reader);
    return (item, names) => valueAt(item, of(names));
  }
  return (_item, names) => {
    const value = names.ExpressionAttributeValues?.[token];
    if (value === undefined) throw new Error(`ExpressionAttributeValues lacks ${token}`);
    return value;
  };
}

export const listOf = (value: AttributeValue | undefined): readonly AttributeValue[] =>
  (value?.L as AttributeValue[] | undefined) ?? [];

/** Characters, bytes or members. */
function sizeOf(value: AttributeValue | undefined): AttributeValue | undefined {
  if (value === undefined) return undefined;
  const [[type, content] = ['', '']] = Object.entries(value);
  if (type === 'B') return { N: String(Buffer.byteLength(content as string, 'base64')) };
  if (type === 'M') return { N: String(Object.keys(content as object).length) };
  return { N: String((content as string | readonly unknown[]).length) };
}
