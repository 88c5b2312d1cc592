import { arnOf } from './arns.ts';
import { isOpen, referenceOf, textOf } from './intrinsics.ts';
import { type Json, recordOf } from './json.ts';
import { readBorders } from './stack-borders.ts';
import { deployed, type Template } from './templates.ts';

/** A resource of a template, whoever made it: properties as they stand there, intrinsic functions included. */
export interface Resource {
  /** Where it is in the construct tree. */
  readonly path: string;
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Json;
  readonly template: Template;
}

/** All resources of some templates, and who a reference between them means. */
export interface Resources {
  readonly all: readonly Resource[];
  of(...types: readonly string[]): readonly Resource[];
  /**
   * The resource behind a property's value: through `Ref`, `Fn::GetAtt`, exports of other stacks, parameters and outputs of nested stacks, or
   * an ARN that ends with the name of a resource. @param from whose property it is
   */
  target(value: unknown, from: Resource): Resource | undefined;
  /** A resource by its physical name; of several stacks that have one of this name, the nearest. */
  named(type: string, name: unknown, from: Resource): Resource | undefined;
}

/** The property that holds a physical name. */
const NAME_PROPERTY: Readonly<Record<string, string>> = {
  'AWS::SQS::Queue': 'QueueName',
  'AWS::SNS::Topic': 'TopicName',
  'AWS::Kinesis::Stream': 'Name',
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::DynamoDB::Table': 'TableName',
  'AWS::DynamoDB::GlobalTable': 'TableName',
  'AWS::CloudWatch::Alarm': 'AlarmName',
  'AWS::KMS::Alias': 'AliasName',
  'AWS::S3::Bucket': 'BucketName',
  'AWS::IAM::Role': 'RoleName',
  'AWS::Pipes::Pipe': 'Name',
};

/** Physical name of a resource; undefined when CloudFormation makes it. */
export const nameOf = ({ type, properties }: Resource): unknown => properties[NAME_PROPERTY[type] ?? ''];

/** What leads from one template to another and back again, as only a broken template does, ends here. */
const MAX_BORDERS = 20;

export function readResources(given: readonly Template[]): Resources {
  const templates = seenAsDeployed(given);
  const all = templates.flatMap(resourcesOf);
  const byId = new Map(templates.map((template) => [template, new Map<string, Resource>()]));
  for (const resource of all) byId.get(resource.template)?.set(resource.logicalId, resource);
  const byName = Map.groupBy(all, (resource) => keyOfName(resource.type, textOf(nameOf(resource))));
  const passedOn = readBorders(templates);

  const nearest = (type: string, name: string | undefined, template: Template): Resource | undefined => {
    if (name === undefined) return undefined;
    // What is put together of parameters means the same in its own stack only.
    const found = (byName.get(keyOfName(type, name)) ?? []).filter((one) => !isOpen(name) || one.template === template);
    return found.toSorted((a, b) => common(b.template.path, template.path) - common(a.template.path, template.path))[0];
  };
  const follow = (value: unknown, template: Template, borders = 0): Resource | undefined => {
    const passed = borders > MAX_BORDERS ? undefined : passedOn(value, template);
    if (passed !== undefined) return follow(passed.value, passed.template, borders + 1);
    const reference = referenceOf(value);
    if (reference !== undefined) return byId.get(template)?.get(reference.id);
    const arn = arnOf(value);
    return arn?.types.map((type) => nearest(type, arn.name, template)).find(Boolean);
  };

  return {
    all,
    of: (...types) => all.filter(({ type }) => types.includes(type)),
    target: (value, from) => follow(value, from.template),
    named: (type, name, from) => nearest(type, textOf(name), from.template),
  };
}

/** The same templates without what conditions leave out; around each other as before. */
function seenAsDeployed(given: readonly Template[]): readonly Template[] {
  const seen = new Map<Template, Template>();
  const see = (template: Template): Template => {
    const known = seen.get(template);
    if (known !== undefined) return known;
    const { within } = template;
    const made = {
      ...template,
      body: recordOf(deployed(template.body)),
      ...(within === undefined ? {} : { within: { ...within, template: see(within.template) } }),
    };
    seen.set(template, made);
    return made;
  };
  return given.map(see);
}

function resourcesOf(template: Template): readonly Resource[] {
  return Object.entries(recordOf(template.body.Resources)).flatMap(([logicalId, body]) => {
    const { Type: type, Properties: properties, Metadata: metadata } = recordOf(body);
    // What is made by a loop or a macro has no type before deployment.
    if (typeof type !== 'string') return [];
    const path = template.paths?.get(logicalId) ?? recordOf(metadata)['aws:cdk:path'];
    return [
      {
        path: typeof path === 'string' ? path : `${template.path}/${logicalId}`,
        ...{ logicalId, type, properties: recordOf(properties), template },
      },
    ];
  });
}

const keyOfName = (type: string, name: string | undefined): string => `${type} ${name ?? ''}`;

/** How many steps two paths have in common. */
function common(a: string, b: string): number {
  const [one, other] = [a.split('/'), b.split('/')];
  const end = one.findIndex((step, i) => step !== other[i]);
  return end === -1 ? one.length : end;
}
