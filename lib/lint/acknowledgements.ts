import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { recordOf } from './json.ts';

/** A finding that somebody has accepted. */
export interface Acknowledgement {
  readonly rule: string;
  readonly reason: string;
  /** The construct it was made on: it holds for everything below. */
  readonly construct: IConstruct;
  /** The id as the CDK keeps it, with its namespace. */
  readonly qualifiedId: string;
}

/** The CDK's namespace for ids that name none, and the plugin's own. */
const NAMESPACE = /^(annotation|sluice)::/i;

/** What was accepted on a construct: `Validations.of(construct).acknowledge({ id, reason })`. */
export const acknowledgedOn = (construct: IConstruct): readonly Acknowledgement[] =>
  construct.node.metadata
    .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
    .flatMap(({ data }) => Object.entries(recordOf(data)))
    .map(([qualifiedId, reason]) => ({
      rule: qualifiedId.replace(NAMESPACE, ''),
      reason: String(reason ?? '').trim(),
      construct,
      qualifiedId,
    }))
    .filter(({ rule }) => rule.startsWith('Messaging-'));

/** The nearest acknowledgement of a rule, on the construct or around it. */
export const acknowledgementOf = (rule: string, construct: IConstruct): Acknowledgement | undefined =>
  construct.node.scopes
    .toReversed()
    .flatMap(acknowledgedOn)
    .find((one) => one.rule === rule);
