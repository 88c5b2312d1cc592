import { isRecord, type Json, recordOf } from './json.ts';

/** A CloudFormation template, with where it stands: all that the linter knows of a stack. */
export interface Template {
  /** The stack in the construct tree, or the name of its file: what its resources are called by when nothing says more. */
  readonly path: string;
  /** @default only known at deployment */
  readonly stackName?: string;
  /** As CloudFormation gets it. */
  readonly body: Json;
  /** Of a nested stack: the template around it, and the resource that stands for it there. */
  readonly within?: { readonly template: Template; readonly logicalId: string };
  /** Construct paths of resources, by logical id. @default `aws:cdk:path` of the resource, or its logical id below the stack */
  readonly paths?: ReadonlyMap<string, string>;
}

const NO_VALUE = 'AWS::NoValue';

const isNoValue = (value: unknown): boolean => recordOf(value).Ref === NO_VALUE;

/**
 * A part of a template as one deployment may see it: of what is only there under a condition, the first branch that is anything; what is
 * nothing (`AWS::NoValue`) is left out. Both sides of a relation that hang on one condition are seen on the same side of it.
 */
export function deployed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(deployed).filter((one) => !isNoValue(one));
  if (!isRecord(value)) return value;
  const branches = value['Fn::If'];
  if (Array.isArray(branches) && Object.keys(value).length === 1)
    return deployed(branches.slice(1).find((branch) => !isNoValue(branch)) ?? { Ref: NO_VALUE });
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) => {
      const seen = deployed(inner);
      return isNoValue(seen) ? [] : [[name, seen]];
    }),
  );
}
