import { Validations } from 'aws-cdk-lib';
import { recordOf } from './json.ts';

/** A finding that somebody has accepted. */
export interface Acknowledgement {
  readonly rule: string;
  readonly reason: string;
  /** Path of the construct it was made on: it holds for everything below. */
  readonly path: string;
  /** The id as the CDK keeps it, with its namespace. */
  readonly qualifiedId: string;
}

/** The CDK's namespace for ids that name none, and the plugin's own. */
const NAMESPACE = /^(annotation|sluice)::/i;

/** An entry of a construct's metadata, as in the tree and in the assembly. */
interface Metadata {
  readonly type?: unknown;
  readonly data?: unknown;
}

/** What was accepted on a construct: `Validations.of(construct).acknowledge({ id, reason })`. */
export const acknowledgedIn = (path: string, metadata: readonly Metadata[]): readonly Acknowledgement[] =>
  metadata
    .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
    .flatMap(({ data }) => Object.entries(recordOf(data)))
    .map(([qualifiedId, reason]) => ({
      rule: qualifiedId.replace(NAMESPACE, ''),
      reason: String(reason ?? '').trim(),
      path,
      qualifiedId,
    }))
    .filter(({ rule }) => rule.startsWith('Messaging-'));

/** Whether a path is another one or below it. */
export const isWithin = (path: string, around: string): boolean =>
  around === '' || path === around || path.startsWith(`${around}/`);

/** The nearest acknowledgement of a rule, on a construct or around it. */
export const acknowledgementOf = (
  rule: string,
  path: string,
  all: readonly Acknowledgement[],
): Acknowledgement | undefined =>
  all
    .filter((one) => one.rule === rule && isWithin(path, one.path))
    .toSorted((a, b) => b.path.length - a.path.length)[0];
