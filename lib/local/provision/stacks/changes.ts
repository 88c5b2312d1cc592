import { isDeepStrictEqual } from 'node:util';
import type { Json, JsonObject } from '../../json.ts';
import { TemplateError } from '../../template.ts';
import { resolvedProperties, type StackPlan, typeOf } from '../plan/stack-plan.ts';
import type { DeployedResource, DeployedStack } from '../resources/deployed.ts';
import type { ProvisionedResource } from '../resources/resource.ts';
import { typeNamed } from '../types.ts';

/** What becomes of a resource when a template is deployed over what there is. */
export interface Change {
  readonly stackName: string;
  readonly logicalId: string;
  readonly type: string;
  readonly kind: 'create' | 'update' | 'replace' | 'delete' | 'leave';
  /** Properties that differ; of an update or replacement. */
  readonly properties: readonly string[];
}

/** Stands for what only a resource that is about to be made will tell. */
const UNKNOWN = '(known when it is made)';

/** What has to be done with a resource. @param before as it is deployed, if it is */
export function verdictOn(
  before: DeployedResource | undefined,
  type: string,
  properties: JsonObject,
): { readonly kind: 'create' | 'keep' | 'update' | 'replace'; readonly properties: readonly string[] } {
  if (before === undefined) return { kind: 'create', properties: [] };
  if (before.type !== type) return { kind: 'replace', properties: ['Type'] };
  const names = new Set([...Object.keys(before.properties), ...Object.keys(properties)]);
  const changed = [...names].filter((name) => !isDeepStrictEqual(before.properties[name], properties[name]));
  if (changed.length === 0) return { kind: 'keep', properties: [] };
  const replacedBy = typeNamed(type)?.replacedBy ?? [];
  return { kind: changed.some((name) => replacedBy.includes(name)) ? 'replace' : 'update', properties: changed };
}

/**
 * What deploying a template will change, as far as it can be said before: what depends on a resource that is about to be made
 * counts as changed.
 * @param exported what other stacks export by now; undefined: not there yet
 */
export function changesOf(
  plan: StackPlan,
  before: DeployedStack | undefined,
  exported: (name: string) => Json | undefined,
): Change[] {
  const changes = new Map<string, Change>();
  const expected = new Map<string, ProvisionedResource>();
  const scope = plan.scope(
    (logicalId) => expected.get(logicalId),
    (name) => exported(name) ?? UNKNOWN,
  );
  const visit = (logicalId: string): void => {
    if (expected.has(logicalId)) return;
    for (const needed of plan.graph.get(logicalId) ?? []) visit(needed);
    const resource = plan.resources[logicalId];
    const type = typeOf(resource);
    const old = before?.resources.get(logicalId);
    const { kind, properties } = verdictOn(
      old,
      type,
      expectedProperties(() => resolvedProperties(resource, logicalId, scope)),
    );
    if (kind !== 'keep') changes.set(logicalId, { stackName: plan.stackName, logicalId, type, kind, properties });
    expected.set(logicalId, kind === 'keep' || kind === 'update' ? withUnknown(old) : withUnknown(undefined));
  };
  for (const logicalId of plan.graph.keys()) visit(logicalId);
  for (const [logicalId, { type, retained }] of before?.resources ?? []) {
    if (logicalId in plan.resources) continue;
    const kind = retained.onDelete ? 'leave' : 'delete';
    changes.set(logicalId, { stackName: plan.stackName, logicalId, type, kind, properties: [] });
  }
  return [...changes.values()];
}

/** An expression over something unknown may fail (the third part of a text that is not there yet): then all is unknown. */
function expectedProperties(resolve: () => JsonObject): JsonObject {
  try {
    return resolve();
  } catch (error) {
    if (error instanceof TemplateError) return { Properties: UNKNOWN };
    throw error;
  }
}

/** A resource that has every attribute one could ask for. */
function withUnknown(resource: ProvisionedResource | undefined): ProvisionedResource {
  const attributes = new Proxy<Record<string, Json>>(
    {},
    { get: (_target, name) => resource?.attributes[String(name)] ?? UNKNOWN },
  );
  return { physicalId: resource?.physicalId ?? UNKNOWN, attributes };
}

const SIGNS: Readonly<Record<Change['kind'], string>> = {
  create: '+',
  update: '~',
  replace: '±',
  delete: '-',
  leave: '·',
};
const ENDINGS: Readonly<Partial<Record<Change['kind'], string>>> = {
  replace: '; a new one takes its place',
  leave: ' leaves the stack and stays (DeletionPolicy: Retain)',
};

/** One line for people: `~ app/Handler (AWS::Lambda::Function): Code, Timeout`. */
export function describeChange({ stackName, logicalId, type, kind, properties }: Change): string {
  const list = properties.length === 0 ? '' : `: ${properties.join(', ')}`;
  return `${SIGNS[kind]} ${stackName}/${logicalId} (${type})${list}${ENDINGS[kind] ?? ''}`;
}
