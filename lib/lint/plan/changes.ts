import { fullDiff, type ResourceDifference, ResourceImpact } from '@aws-cdk/cloudformation-diff';
import { at, type Json, recordOf } from '../reading/json.ts';

/** A stack of an app, as CloudFormation has it or would get it. */
export interface PlannedStack {
  readonly name: string;
  readonly body: Json;
  /** Construct paths of resources, by logical id. @default `aws:cdk:path` of the resource */
  readonly paths?: ReadonlyMap<string, string>;
}

/** What a deployment would do to a resource. `may-replace`: only CloudFormation knows, by values that are not in the template. */
export type Action = 'add' | 'remove' | 'replace' | 'may-replace' | 'update';

/** One resource that a deployment would touch. */
export interface Change {
  readonly stack: string;
  readonly logicalId: string;
  /** Where it is in the construct tree; of a template without constructs the stack and the logical id. */
  readonly path: string;
  readonly type: string;
  readonly action: Action;
  /** Properties that differ; empty where the whole resource comes or goes. */
  readonly properties: readonly string[];
  /** Those of them that make a new resource. */
  readonly replacing: readonly string[];
  /** As it is deployed; undefined: it is new. */
  readonly before: Json | undefined;
  /** As it would be; undefined: it goes. */
  readonly after: Json | undefined;
}

const ACTIONS: Readonly<Partial<Record<ResourceImpact, Action>>> = {
  [ResourceImpact.WILL_CREATE]: 'add',
  [ResourceImpact.WILL_DESTROY]: 'remove',
  [ResourceImpact.WILL_ORPHAN]: 'remove',
  [ResourceImpact.WILL_REPLACE]: 'replace',
  [ResourceImpact.MAY_REPLACE]: 'may-replace',
  [ResourceImpact.WILL_UPDATE]: 'update',
};

/**
 * What a deployment of `after` over `before` would do, resource by resource. Which property makes a new resource, CloudFormation's own specification
 * says (the CDK's library has it); a resource that refers to one that is made anew is looked at again.
 * @param before stacks as they are deployed; one that is missing in `after` is left alone by a deployment, and here
 */
export function changesOf(before: readonly PlannedStack[], after: readonly PlannedStack[]): readonly Change[] {
  return after.flatMap((stack) => {
    const { name, body } = stack;
    const deployed = before.find((one) => one.name === name);
    const old = deployed?.body ?? {};
    const found: Change[] = [];
    fullDiff(old, body).resources.forEachDifference((logicalId, difference) => {
      const action = ACTIONS[difference.changeImpact];
      if (action === undefined) return;
      const path = placeOf(stack, logicalId) ?? (deployed && placeOf(deployed, logicalId)) ?? `${name}/${logicalId}`;
      found.push(changeOf({ stack: name, logicalId, action, path }, difference, old, body));
    });
    return found;
  });
}

function changeOf(
  what: Pick<Change, 'stack' | 'logicalId' | 'action' | 'path'>,
  difference: ResourceDifference,
  old: Json,
  body: Json,
): Change {
  const resourceIn = (template: Json): Json | undefined => {
    const resource = at(template, 'Resources', what.logicalId);
    return resource === undefined ? undefined : recordOf(resource);
  };
  const [before, after] = [resourceIn(old), resourceIn(body)];
  const updates = Object.entries(difference.propertyUpdates).filter(([, { isDifferent }]) => isDifferent);
  const replaces = [ResourceImpact.WILL_REPLACE, ResourceImpact.MAY_REPLACE];
  return {
    ...what,
    type: String((after ?? before)?.Type),
    properties: updates.map(([property]) => property),
    replacing: updates
      .filter(([, { changeImpact }]) => changeImpact !== undefined && replaces.includes(changeImpact))
      .map(([property]) => property),
    ...{ before, after },
  };
}

/** Where a stack's resource is in the construct tree, without what the CDK puts at its end for the resource itself; undefined: it does not say. */
export function placeOf({ body, paths }: PlannedStack, logicalId: string): string | undefined {
  const path = paths?.get(logicalId) ?? at(body, 'Resources', logicalId, 'Metadata', 'aws:cdk:path');
  return typeof path === 'string' ? path.replace(/\/Resource$/, '') : undefined;
}
