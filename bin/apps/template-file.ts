import { readFileSync } from 'node:fs';
import { isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml';

/** More aliases than anybody writes; each is read anew wherever it stands. */
const MAX_ALIASES = 1_000;

/**
 * Reads a CloudFormation template in JSON or YAML, short forms of functions (`!GetAtt Queue.Arn`) included.
 * @returns whatever the file holds
 * @throws Error that names the file and the place in it
 */
export function readTemplateFile(file: string): unknown {
  const text = readFileSync(file, 'utf8');
  return file.endsWith('.json') ? fromJson(text, file) : fromYaml(text, file);
}

/**
 * The same for text, JSON or YAML.
 * @param what it is called in an error
 */
export const parseTemplate = (text: string, what: string): unknown =>
  text.trimStart().startsWith('{') ? fromJson(text, what) : fromYaml(text, what);

function fromJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${file} is not valid JSON: ${messageOf(error)}`, { cause: error });
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Functions whose long form is not `Fn::` and their name. */
const PLAIN = ['Ref', 'Condition'];

function fromYaml(text: string, file: string): unknown {
  const document = parseDocument(text, { logLevel: 'silent' });
  const [broken] = document.errors;
  if (broken !== undefined) throw new Error(`${file} is not valid YAML: ${broken.message}`);
  let aliases = 0;
  const read = (node: unknown): unknown => {
    const value = plain(node);
    const tag = isMap(node) || isSeq(node) || isScalar(node) ? node.tag : undefined;
    if (tag?.startsWith('!') !== true) return value;
    const name = tag.slice(1);
    return { [PLAIN.includes(name) ? name : `Fn::${name}`]: value };
  };
  const plain = (node: unknown): unknown => {
    if (isMap(node)) return Object.fromEntries(node.items.map(({ key, value }) => [String(key), read(value)]));
    if (isSeq(node)) return node.items.map(read);
    if (isScalar(node)) return node.value;
    if (!isAlias(node)) return undefined;
    aliases += 1;
    if (aliases > MAX_ALIASES) throw new Error(`${file} has more than ${MAX_ALIASES} aliases: write them out.`);
    return read(node.resolve(document));
  };
  return read(document.contents);
}
