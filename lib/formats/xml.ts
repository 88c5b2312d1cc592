/** An element: those in it, in order, and the text directly in it. */
export interface XmlElement {
  readonly name: string;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

interface OpenElement extends XmlElement {
  readonly children: XmlElement[];
  text: string;
}

const NAME = '[A-Za-z_][\\w:.-]*';
const ATTRIBUTES = `(?:\\s+${NAME}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*`;
/** What a document is made of, tried in this order at every place. No document type: a service has no entities to declare. */
const TOKEN = new RegExp(
  [
    '(?<skipped><\\?[^]*?\\?>|<!--[^]*?-->)',
    '<!\\[CDATA\\[(?<cdata>[^]*?)\\]\\]>',
    `</(?<closed>${NAME})\\s*>`,
    `<(?<opened>${NAME})${ATTRIBUTES}\\s*(?<empty>/?)>`,
    '(?<text>[^<]+)',
  ].join('|'),
  'y',
);

/**
 * Parses XML as services write it: elements, text, the five entities of XML and numeric ones; attributes are read over.
 * @throws SyntaxError for anything that is not one well-formed document
 */
export function parseXml(xml: string): XmlElement {
  const fail = (problem: string): never => {
    throw new SyntaxError(`the XML ${problem}`);
  };
  const document: OpenElement = { name: '', children: [], text: '' };
  const open = [document];
  const token = new RegExp(TOKEN);
  token.lastIndex = xml.startsWith('\uFEFF') ? 1 : 0;
  while (token.lastIndex < xml.length) {
    const at = token.lastIndex;
    const parts = token.exec(xml)?.groups ?? fail(`cannot be read at character ${at}`);
    const parent = open.at(-1) ?? document;
    if (parts.opened !== undefined) {
      const element: OpenElement = { name: parts.opened, children: [], text: '' };
      parent.children.push(element);
      if (parts.empty === '') open.push(element);
    } else if (parts.closed !== undefined) {
      if (open.length === 1 || parent.name !== parts.closed)
        fail(`closes <${parts.closed}> at character ${at}, which is not open`);
      open.pop();
    } else parent.text += parts.cdata ?? decoded(parts.text ?? '', fail);
  }
  if (open.length > 1) fail(`ends inside <${open.at(-1)?.name}>`);
  const [root, ...others] = document.children;
  if (root === undefined || others.length > 0 || document.text.trim() !== '') return fail('is not one document');
  return root;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const decoded = (text: string, fail: (problem: string) => never): string =>
  text.replace(/&(?:#(?<decimal>\d{1,7})|#x(?<hex>[0-9a-fA-F]{1,6})|(?<name>\w+))?(?<end>;?)/g, (all, ...more) => {
    const { decimal, hex, name = '', end } = more.at(-1) as Record<string, string | undefined>;
    const code = decimal !== undefined ? Number(decimal) : hex !== undefined ? Number.parseInt(hex, 16) : undefined;
    const character = code === undefined ? ENTITIES[name] : code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
    return end === ';' && character !== undefined ? character : fail(`has '${all}', which is no entity`);
  });

/** The one element of a name in another. @throws SyntaxError when there are several */
export function childOf({ name, children }: XmlElement, wanted: string): XmlElement | undefined {
  const [found, ...others] = children.filter((child) => child.name === wanted);
  if (others.length > 0) throw new SyntaxError(`the XML has <${wanted}> ${others.length + 1} times in <${name}>`);
  return found;
}

/** A list: `<Failed><member>...</member></Failed>` as objects of text. */
export const membersOf = (parent: XmlElement, list: string): Record<string, string>[] =>
  (childOf(parent, list)?.children ?? []).map((member) =>
    Object.fromEntries(member.children.map(({ name }) => [name, childOf(member, name)?.text ?? ''])),
  );

/** Text in an element of it. @returns '' when it is not there */
export const textIn = (parent: XmlElement, name: string): string => childOf(parent, name)?.text ?? '';

/** What an answer says is wrong. */
export interface NamedError {
  readonly code: string;
  readonly message: string | undefined;
}

/** The error in an XML answer: `<Error>` by itself (S3) or in an `<ErrorResponse>` (Query protocol); undefined when there is no readable one. */
export function errorIn(xml: string): NamedError | undefined {
  try {
    const root = parseXml(xml);
    const error = root.name === 'ErrorResponse' ? childOf(root, 'Error') : root;
    const code = error?.name === 'Error' ? textIn(error, 'Code') : '';
    return error === undefined || code === '' ? undefined : { code, message: childOf(error, 'Message')?.text };
  } catch {
    return undefined;
  }
}
