/** A synthesised template, as the rules look at it. */

export interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a template is any JSON; each rule looks at a few properties of it.
  Properties: any;
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
}

export interface TemplateJson {
  readonly Resources: Record<string, Resource>;
}

export type Entry = readonly [logicalId: string, properties: Resource['Properties'], resource: Resource];

/** What is wrong with a template, one line for each offender; empty when it keeps the rule. */
export type Check = (template: TemplateJson) => readonly string[];

export interface Rule {
  readonly name: string;
  /** It knows what the orders declare: channels of every kind, and their numbers. @default every system keeps it */
  readonly onlyOrders?: true;
  readonly check: Check;
  /** Breaks a copy of a good template in one place, so that the check must find something. */
  readonly mistake: (template: TemplateJson) => void;
}

export const all = (template: TemplateJson, type: string): Entry[] =>
  Object.entries(template.Resources)
    .filter(([, resource]) => resource.Type === type)
    .map(([id, resource]) => [id, resource.Properties ?? {}, resource]);

/** Logical id behind `Ref` or `Fn::GetAtt`. */
export const idOf = (value: unknown): string | undefined => {
  const { Ref, 'Fn::GetAtt': attribute } = (value ?? {}) as { Ref?: string; 'Fn::GetAtt'?: readonly string[] };
  return Ref ?? attribute?.[0];
};

export const listOf = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value as T];

/** Ids of the entries that do not keep a condition. */
export const offenders = (entries: readonly Entry[], keeps: (entry: Entry) => boolean): string[] =>
  entries.filter((entry) => !keeps(entry)).map(([id]) => id);

/** The first resource of a type that fits; for mistakes. */
export function first(
  template: TemplateJson,
  type: string,
  fits: (properties: Resource['Properties']) => boolean = () => true,
): Resource {
  const found = all(template, type).find(([, properties]) => fits(properties));
  if (found === undefined) throw new Error(`the template has no such ${type}`);
  return found[2];
}

/** Queues that others name as their dead-letter queue or failure destination. */
export function deadLetterIds(template: TemplateJson): ReadonlySet<string> {
  const targets = Object.values(template.Resources).flatMap(({ Properties: properties }) => [
    properties?.RedrivePolicy?.deadLetterTargetArn,
    properties?.DestinationConfig?.OnFailure?.Destination,
  ]);
  return new Set(targets.flatMap((target) => idOf(target) ?? []));
}

const MAPPING = 'AWS::Lambda::EventSourceMapping';

/** Event source mappings whose source is of a type. */
export const mappingsFrom = (template: TemplateJson, ...types: readonly string[]): Entry[] =>
  all(template, MAPPING).filter(([, { EventSourceArn }]) =>
    types.includes(template.Resources[idOf(EventSourceArn) ?? '']?.Type ?? ''),
  );

export const QUEUE = 'AWS::SQS::Queue';
export const TOPIC = 'AWS::SNS::Topic';
export const STREAM = 'AWS::Kinesis::Stream';
export const TABLE = 'AWS::DynamoDB::Table';
export const BUCKET = 'AWS::S3::Bucket';
export const FUNCTION = 'AWS::Lambda::Function';
export const ALARM = 'AWS::CloudWatch::Alarm';
