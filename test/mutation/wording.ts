/** The parts of a Babel path that are looked at. */
interface Path {
  readonly node: {
    readonly type: string;
    readonly value?: unknown;
    readonly key?: { readonly name?: string };
    readonly quasis?: readonly { readonly value: { readonly raw: string } }[];
    readonly expressions?: readonly { readonly type: string }[];
  };
  readonly parentPath: Path | null;
}

const SENTENCE = /[a-z.,:;')] [a-z(]/;
const PLAIN: ReadonlySet<string> = new Set(['Identifier', 'MemberExpression', 'OptionalMemberExpression']);

/**
 * Sentences for people: error messages, fixes, log texts. Tests look for what matters in them; an empty one instead would say
 * nothing about the code. Expressions of DynamoDB have spaces too, but they are code, and so is what a template computes.
 */
function isWording({ node, parentPath }: Path): boolean {
  if (parentPath?.node.type === 'ObjectProperty' && parentPath.node.key?.name?.endsWith('Expression')) return false;
  if (node.type === 'StringLiteral') return SENTENCE.test(String(node.value));
  if (node.type !== 'TemplateLiteral') return false;
  const { quasis = [], expressions = [] } = node;
  return (
    expressions.every(({ type }) => PLAIN.has(type)) && SENTENCE.test(quasis.map(({ value }) => value.raw).join('_'))
  );
}

/** Loaded by Stryker (`stryker.config.json`). */
export const strykerPlugins = [
  {
    kind: 'Ignore',
    name: 'wording',
    value: { shouldIgnore: (path: Path) => (isWording(path) ? 'wording' : undefined) },
  },
];
