import type { Assembly } from '../../assembly.ts';
import { inTurn } from '../../in-turn.ts';
import type { State } from '../../state/state.ts';
import { createDeployed, type StackInfo, stackInfo } from '../resources/deployed.ts';
import type { ProvisionContext } from '../resources/resource.ts';
import type { Change } from './changes.ts';
import { deleteStack } from './delete-stack.ts';
import { deployStacks } from './stacks.ts';

/** The stacks of the engine, and what is done to them, one thing after the other. */
export interface Deployments {
  list(): readonly StackInfo[];
  /**
   * @param isStarting the engine has just started: what its services do not keep is configured anew
   * @throws ProvisionError, TemplateError; everything is then as it was
   */
  deploy(assembly: Assembly, isStarting: boolean): Promise<readonly Change[]>;
  /** Deletes a stack; one that is not there is deleted already. @throws TemplateError when another stack uses its exports */
  delete(nameOrId: string): Promise<void>;
  /** Resolves when nothing is under way. */
  settled(): Promise<void>;
}

export interface DeploymentsOptions {
  readonly context: ProvisionContext;
  readonly state: State | undefined;
  /** Called with what a deployment over existing stacks will change, before it changes anything. */
  readonly onChanges: (changes: readonly Change[]) => void;
}

export function createDeployments({ context, state, onChanges }: DeploymentsOptions): Deployments {
  const deployed = createDeployed(state);
  const next = inTurn();
  return {
    list: () => [...deployed.stacks.values()].map(stackInfo),
    deploy: ({ stacks }, isStarting) =>
      next(() => {
        for (const { name, region } of stacks) {
          if (region !== undefined && region !== context.region)
            context.notice(`Stack ${name} is made for ${region}; here it runs as ${context.region}.`);
        }
        return deployStacks(stacks, { context, deployed, isStarting, onChanges });
      }),
    delete: (nameOrId) => next(() => deleteStack(nameOrId, deployed, context)),
    settled: next.settled,
  };
}
