import type { AssemblyStack } from '../../assembly.ts';
import { objectAt } from '../../json.ts';
import { checkResources } from '../checks/check.ts';
import { checkMappingPermissions } from '../checks/permissions.ts';
import { exportedBy, exportNames, refuseLossOfExports } from '../plan/exports.ts';
import { planStack, retention, type StackPlan } from '../plan/stack-plan.ts';
import type { Deployed } from '../resources/deployed.ts';
import { type ProvisionContext, ProvisionError } from '../resources/resource.ts';
import { typeNamed } from '../types.ts';
import { type Change, changesOf } from './changes.ts';
import { type Deployment, deployStack } from './deploy-stack.ts';
import { removeLeft } from './removal.ts';
import { refuseLossyReplacement } from './replacement.ts';
import { restoreStack } from './restore.ts';
import { createUndo } from './undo.ts';

export interface DeployOptions {
  readonly context: ProvisionContext;
  readonly deployed: Deployed;
  /** The engine has just started: what its services do not keep has to be configured anew. */
  readonly isStarting: boolean;
  /** Called with what will change before anything does. Not for stacks that are new altogether. */
  readonly onChanges: (changes: readonly Change[]) => void;
}

/**
 * Brings the stacks of an assembly to what their templates say. Everything that can be found out before is found out before
 * anything is changed. When something fails all the same, what was done is taken back: the app is as it was.
 * Stacks that the assembly does not have (any more) stay, as on AWS.
 * @returns what was changed
 * @throws ProvisionError, TemplateError
 */
export async function deployStacks(stacks: readonly AssemblyStack[], options: DeployOptions): Promise<Change[]> {
  const { context, deployed } = options;
  refuseOtherApp(stacks, deployed);
  const plans = stacks.map((stack) => planStack(stack, deployed, context));
  for (const notice of checkResources(plans)) context.notice(notice);
  const changes = await previewed(plans, options);

  const undo = createUndo();
  const deployment: Deployment = { ...options, undo };
  try {
    if (options.isStarting) await restoreOthers(stacks, options);
    for (const plan of plans) await deployStack(plan, deployment);
    checkMappingPermissions(context);
  } catch (error) {
    const failures = await undo.run();
    if (error instanceof Error && failures.length > 0) error.message += `\n${failures.join('\n')}`;
    throw error;
  }
  // Only now nothing can fail any more: what is deleted cannot be brought back.
  for (const { stackName, resources } of plans.toReversed()) {
    const stack = deployed.stacks.get(stackName);
    if (stack) await removeLeft(stack, (logicalId) => logicalId in resources, deployed, context);
  }
  return changes;
}

async function previewed(plans: readonly StackPlan[], options: DeployOptions): Promise<Change[]> {
  const { context, deployed, onChanges } = options;
  const changes: Change[] = [];
  for (const plan of plans) {
    const before = deployed.stacks.get(plan.stackName);
    const exported = (name: string) => exportedBy(deployed, name);
    const ofStack = changesOf(plan, before, exported);
    changes.push(...ofStack);
    if (before === undefined) continue;
    const scope = plan.scope(() => undefined, exported);
    refuseLossOfExports(before, (name) => exportNames(plan, scope).has(name), deployed, 'deleted');
    for (const { logicalId, type, kind, properties: changed } of ofStack) {
      const old = before.resources.get(logicalId);
      if (kind !== 'replace' || old === undefined) continue;
      const resource = plan.resources[logicalId];
      const name = objectAt(resource, 'Properties')[typeNamed(type)?.nameProperty ?? ''];
      const isRetained = retention(resource).onReplace;
      const where = { stackName: plan.stackName, logicalId, type };
      await refuseLossyReplacement(where, old, { changed, name, isRetained }, context);
    }
  }
  const known = changes.filter(({ stackName }) => deployed.stacks.has(stackName));
  if (known.length > 0) onChanges(known);
  return changes;
}

/** A data directory belongs to one app. */
function refuseOtherApp(stacks: readonly AssemblyStack[], { stacks: deployed }: Deployed): void {
  if (deployed.size === 0 || stacks.some(({ name }) => deployed.has(name))) return;
  throw new ProvisionError(
    `The data directory holds another app: its stacks are ${[...deployed.keys()].join(', ')}; the assembly has ${stacks.map(({ name }) => name).join(', ')}. Name another directory for this app.`,
  );
}

async function restoreOthers(stacks: readonly AssemblyStack[], { context, deployed }: DeployOptions): Promise<void> {
  for (const stack of deployed.stacks.values()) {
    if (stacks.some(({ name }) => name === stack.name)) continue;
    context.notice(
      `Stack ${stack.name} is deployed but not in the assembly: it stays. To delete it: aws cloudformation delete-stack --stack-name ${stack.name}`,
    );
    await restoreStack(stack, context);
  }
}
