/** One statement of an IAM policy. Single strings and arrays mean the same. */
export interface PolicyStatement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface PolicyDocument {
  readonly Version?: string;
  readonly Statement: PolicyStatement | readonly PolicyStatement[];
}

/** `unmentioned`: no statement allows it (implicit deny). */
export type Verdict = 'allowed' | 'denied' | 'unmentioned';

/**
 * Decides as IAM does within one account: an explicit Deny wins, then any Allow, else nothing is allowed.
 * @param resources Alternatives for the same thing (an SES address or its domain): an Allow of any of them is enough, a
 *   Deny of any of them is final. None at all: the engine cannot know the resource; then an Allow of the action on
 *   anything is enough, and only a Deny on everything is final.
 */
export function decide(documents: readonly PolicyDocument[], action: string, resources: readonly string[]): Verdict {
  let verdict: Verdict = 'unmentioned';
  for (const document of documents) {
    for (const statement of asArray(document.Statement)) {
      if (!appliesTo(statement, action, resources)) continue;
      if (statement.Effect === 'Deny') return 'denied';
      verdict = 'allowed';
    }
  }
  return verdict;
}

function appliesTo(statement: PolicyStatement, action: string, resources: readonly string[]): boolean {
  // Actions match without regard to case; resources with.
  const actionMatches =
    statement.NotAction === undefined
      ? asArray(statement.Action).some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase()))
      : !asArray(statement.NotAction).some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase()));
  if (!actionMatches) return false;
  const resourceMatches =
    resources.length === 0
      ? statement.Effect === 'Allow' || asArray(statement.Resource).includes('*')
      : resources.some((resource) => coversResource(statement, resource));
  return resourceMatches && conditionsHold(statement);
}

function coversResource({ Resource, NotResource }: PolicyStatement, resource: string): boolean {
  if (NotResource === undefined) return asArray(Resource).some((pattern) => matches(pattern, resource));
  return !asArray(NotResource).some((pattern) => matches(pattern, resource));
}

/** Condition keys whose value the engine knows for every call: it only speaks plain HTTP to itself, and says so to nobody. */
const KNOWN_KEYS: Readonly<Record<string, string>> = {
  // Local traffic stands for the TLS traffic of the deployed system.
  'aws:securetransport': 'true',
  'aws:requestedregion': '*',
  // The only service here that a role is handed to by a call.
  'iam:passedtoservice': 'scheduler.amazonaws.com',
};

const OPERATORS: Readonly<Record<string, (wanted: string, actual: string) => boolean>> = {
  StringEquals: (wanted, actual) => wanted === actual,
  StringLike: (wanted, actual) => matches(wanted, actual),
  ArnLike: (wanted, actual) => matches(wanted, actual),
  ArnEquals: (wanted, actual) => matches(wanted, actual),
  Bool: (wanted, actual) => wanted.toLowerCase() === actual.toLowerCase(),
};

/** A key or operator the engine does not know makes the statement not apply: nothing is allowed by accident. */
function conditionsHold({ Condition }: PolicyStatement): boolean {
  for (const [operator, keys] of Object.entries(Condition ?? {})) {
    const compare = OPERATORS[operator];
    if (compare === undefined) return false;
    for (const [key, wanted] of Object.entries(keys)) {
      const actual = KNOWN_KEYS[key.toLowerCase()];
      if (actual === undefined) return false;
      if (actual !== '*' && !asArray(wanted).some((value) => compare(String(value), actual))) return false;
    }
  }
  return true;
}

function asArray<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

const patterns = new Map<string, RegExp>();

/** Whole-string match where `*` stands for any text and `?` for one character. */
export function matches(pattern: string, text: string): boolean {
  if (pattern === '*' || pattern === text) return true;
  if (!pattern.includes('*') && !pattern.includes('?')) return false;
  let expression = patterns.get(pattern);
  if (expression === undefined) {
    const escaped = pattern
      .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    expression = new RegExp(`^${escaped}$`, 's');
    patterns.set(pattern, expression);
  }
  return expression.test(text);
}
