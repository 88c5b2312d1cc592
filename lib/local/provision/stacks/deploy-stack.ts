import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../../json.ts';
import { textAt } from '../../json.ts';
import type { TemplateScope } from '../../template.ts';
import { exportedBy, outputsOf, refuseLossOfExports } from '../plan/exports.ts';
import { resolvedProperties, retention, type StackPlan, staysOnRollback, typeOf } from '../plan/stack-plan.ts';
import type { Deployed, DeployedResource, DeployedStack } from '../resources/deployed.ts';
import type { Begun } from '../resources/deployed-resource.ts';
import type { ProvisionContext, ProvisionedResource, ResourceRequest } from '../resources/resource.ts';
import { alreadyExists, provisionError } from '../resources/resource.ts';
import { typeNamed } from '../types.ts';
import { verdictOn } from './changes.ts';
import { removeGoing } from './removal.ts';
import { refuseLossyReplacement } from './replacement.ts';
import { endUnderWay } from './under-way.ts';
import type { Undo } from './undo.ts';

export interface Deployment {
  readonly context: ProvisionContext;
  readonly deployed: Deployed;
  readonly undo: Undo;
  /** The engine has just started: what its services do not keep has to be configured anew. */
  readonly isStarting: boolean;
}

/**
 * Brings a stack to what its template says, whatever does not depend on each other side by side. Nothing is removed yet.
 * @throws the first error; what was done by then is in the deployment's list of what to undo
 */
export async function deployStack(plan: StackPlan, deployment: Deployment): Promise<void> {
  const { deployed, undo, context } = deployment;
  const isNew = !deployed.stacks.has(plan.stackName);
  const stack = deployed.open(plan.stackName, plan.stackId);
  if (isNew) undo.add(`stack ${stack.name}`, () => deployed.close(stack));
  await removeGoing(stack, deployed, context);
  const made = new Map<string, ProvisionedResource>();
  const imports = new Set<string>();
  const scope = plan.scope(
    (logicalId) => made.get(logicalId),
    (name) => {
      imports.add(name);
      return exportedBy(deployed, name);
    },
  );
  const pending = new Map<string, Promise<void>>();
  const failure = new AbortController();

  function ensure(logicalId: string): Promise<void> {
    const known = pending.get(logicalId);
    if (known) return known;
    const needed = [...(plan.graph.get(logicalId) ?? [])];
    const work = Promise.all(needed.map(ensure)).then(async () => {
      if (failure.signal.aborted) return;
      made.set(logicalId, await deployResource({ plan, stack, logicalId, scope, deployment }));
    });
    pending.set(logicalId, work);
    work.catch(() => failure.abort());
    return work;
  }

  const results = await Promise.allSettled([...plan.graph.keys()].map(ensure));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
  const { outputs, exports } = outputsOf(plan, scope, deployed);
  const isAsBefore = (name: string) => !(name in exports) || isDeepStrictEqual(exports[name], stack.exports[name]);
  refuseLossOfExports(stack, isAsBefore, deployed, 'updated');
  settle(
    stack,
    { outputs, exports, imports: [...imports], assets: plan.stack.assets, template: plan.stack.template },
    isNew,
    deployment,
  );
}

type Settled = Pick<DeployedStack, 'outputs' | 'exports' | 'imports' | 'assets' | 'template'>;

function settle(stack: DeployedStack, settled: Settled, isNew: boolean, { deployed, undo }: Deployment): void {
  const { outputs, exports, imports, assets, template, updatedAt, failedDeletion } = stack;
  const before = { outputs, exports, imports, assets, template, updatedAt, failedDeletion };
  undo.add(`outputs of stack ${stack.name}`, () => {
    if (!isNew) deployed.update(Object.assign(stack, before));
  });
  deployed.update(Object.assign(stack, settled, { failedDeletion: undefined }, isNew ? {} : { updatedAt: new Date() }));
}

interface Place {
  readonly plan: StackPlan;
  readonly stack: DeployedStack;
  readonly logicalId: string;
  readonly scope: TemplateScope;
  readonly deployment: Deployment;
}

async function deployResource({ plan, stack, logicalId, scope, deployment }: Place): Promise<ProvisionedResource> {
  const { deployed, undo, context, isStarting } = deployment;
  const resource = plan.resources[logicalId];
  const type = typeOf(resource);
  const properties = resolvedProperties(resource, logicalId, scope);
  const { assets } = plan.stack;
  const asked = () => {
    const before = stack.resources.get(logicalId);
    const { kind, properties: changed } = verdictOn(before, type, properties);
    const generation = (before?.generation ?? 0) + (kind === 'replace' ? 1 : 0);
    const dependsOn = [...(plan.graph.get(logicalId) ?? [])];
    const wanted: Begun = { type, properties, dependsOn, retained: retention(resource), generation };
    return { before, kind, changed, wanted };
  };
  const resumes = isDeepStrictEqual(stack.begun.get(logicalId), asked().wanted);
  if (!resumes) await endUnderWay(stack, logicalId, { deployed, context, assets });
  const { before, kind, changed, wanted } = asked();
  const { generation } = wanted;
  const replaces = kind === 'replace' ? before : undefined;
  const request: ResourceRequest = {
    ...{ stackName: stack.name, logicalId, type, properties, assets, context, generation, resumes },
  };
  const provisioner = typeNamed(type);
  if (!provisioner) throw provisionError(request, 'is not supported by the engine.');
  const note = (provisioned: ProvisionedResource): ProvisionedResource => {
    const { physicalId, attributes } = provisioned;
    deployed.put(stack, logicalId, { ...wanted, physicalId, attributes });
    return provisioned;
  };

  if (before === undefined || replaces !== undefined) {
    // Once more: now that all it depends on is there, more may be known than before the deployment.
    if (replaces !== undefined) {
      const name = properties[provisioner.nameProperty ?? ''];
      const isRetained = retention(resource).onReplace;
      await refuseLossyReplacement(request, replaces, { changed, name, isRetained }, context);
    }
    const name = ownName(provisioner, properties);
    if (name !== undefined && !resumes && (await provisioner.isTaken?.(name, context)))
      throw alreadyExists(request, name);
    if (provisioner.durable) deployed.begin(stack, logicalId, wanted);
    const provisioned = await explained(request, () => provisioner.create(request));
    note(provisioned);
    undo.add(`creation of ${logicalId}`, async () => {
      const made = stack.resources.get(logicalId);
      if (replaces === undefined) deployed.remove(stack, logicalId);
      else {
        deployed.put(stack, logicalId, replaces);
        deployed.removeLeftover(stack, replaces);
      }
      if (made === undefined) return;
      if (name !== undefined && staysOnRollback(resource)) {
        context.notice(
          `Stack ${stack.name}: ${name} (${type}) stays although its creation was taken back (DeletionPolicy: Retain), and is in the way of the next; RetainExceptOnCreate would not keep it.`,
        );
        return;
      }
      // It may have been there before, or got something in the meantime.
      const contents = await provisioner.contents?.(made, context);
      if (contents !== undefined) throw new Error(`${made.physicalId} stays, for it holds ${contents}`);
      await provisioner.remove?.(made, context);
    });
    if (replaces !== undefined) {
      const onReplace = replaces.retained.onReplace || retention(resource).onReplace;
      deployed.addLeftover(stack, { ...replaces, retained: { ...replaces.retained, onReplace } });
    }
    return provisioned;
  }
  if (isStarting && !provisioner.durable) return note(await explained(request, () => provisioner.create(request)));
  if (kind === 'keep') {
    if (isStarting) await explained(request, () => provisioner.restore?.(request, before));
    return note(before);
  }
  if (provisioner.durable) deployed.begin(stack, logicalId, wanted);
  // Undone also when it fails half-way.
  undo.add(`change of ${logicalId}`, async () => {
    const attempted = { ...(stack.resources.get(logicalId) ?? before), properties };
    await change(provisioner, { ...request, properties: before.properties, assets: stack.assets }, attempted);
    deployed.put(stack, logicalId, before);
  });
  return note(await explained(request, () => change(provisioner, request, before)));
}

/** The name that a template gives a resource. One that is made up is another for the next, and so in nobody's way. */
const ownName = ({ nameProperty = '' }: Provisioner, properties: JsonObject): string | undefined =>
  textAt(properties, nameProperty);

type Provisioner = NonNullable<ReturnType<typeof typeNamed>>;

/** Changes a resource in place; a type that knows no difference is created again over itself. */
function change(
  { create, update }: Provisioner,
  request: ResourceRequest,
  before: DeployedResource,
): Promise<ProvisionedResource> | ProvisionedResource {
  return update === undefined ? create(request) : update(request, before);
}

/** Errors that say what is wrong, but not with which resource. */
const EXPLAINED_HERE = new Set(['AwsCallError', 'LambdaApiError', 'PolicyError']);

async function explained<T>(request: ResourceRequest, work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && !EXPLAINED_HERE.has(error.name)) throw error;
    throw provisionError(request, error instanceof Error ? error.message : String(error));
  }
}
