import type { Json, JsonObject } from '../../json.ts';
import { documents } from '../../state/documents.ts';
import type { State } from '../../state/state.ts';
import type { Begun, DeployedResource } from './deployed-resource.ts';

export type { DeployedResource } from './deployed-resource.ts';

export interface Leftover extends DeployedResource {
  /** Its removal has been begun: what there may still be of it is of no use to anyone. */
  readonly isGoing?: boolean;
}

export interface StackOutput {
  readonly value: string;
  readonly exportName: string | undefined;
  readonly description: string | undefined;
}

/** A stack as it is deployed. */
export interface DeployedStack {
  readonly name: string;
  readonly id: string;
  readonly createdAt: Date;
  updatedAt: Date | undefined;
  outputs: Readonly<Record<string, StackOutput>>;
  /** What is exported, by name. */
  exports: Readonly<Record<string, Json>>;
  /** Names of the exports of other stacks that it uses. */
  imports: readonly string[];
  /** File assets by the key they are uploaded under. */
  assets: ReadonlyMap<string, string>;
  /** What it was last brought to. */
  template: JsonObject;
  /** Why it could not be deleted, when that was tried last. */
  failedDeletion?: string | undefined;
  readonly resources: Map<string, DeployedResource>;
  /** Resources that are no longer part of the stack, and are still to be removed. */
  readonly leftovers: Map<string, Leftover>;
  /** Resources whose creation or change is under way, or was when the engine was killed. */
  readonly begun: Map<string, Begun>;
}

/** A stack as it is shown. */
export interface StackInfo {
  readonly name: string;
  readonly id: string;
  /** Output values by name, with the name they are exported under. */
  readonly outputs: Readonly<Record<string, StackOutput>>;
  readonly resources: Readonly<Record<string, StackResource>>;
  readonly template: JsonObject;
  readonly createdAt: Date;
  /** Undefined as long as it is as it was created. */
  readonly updatedAt: Date | undefined;
  /** Why it could not be deleted, when that was tried last. */
  readonly failedDeletion: string | undefined;
}
export type StackResource = Pick<DeployedResource, 'type' | 'physicalId' | 'attributes' | 'properties'>;

export const stackInfo = ({
  name,
  id,
  outputs,
  template,
  resources,
  createdAt,
  updatedAt,
  failedDeletion,
}: DeployedStack): StackInfo => ({
  ...{ name, id, outputs, template, createdAt, updatedAt, failedDeletion },
  resources: Object.fromEntries(resources),
});

const leftoverKey = ({ type, physicalId }: DeployedResource) => `${type} ${physicalId}`;

/** All stacks, and how they change; every change is kept at once, so that a killed engine knows how far it was. */
export interface Deployed {
  readonly stacks: ReadonlyMap<string, DeployedStack>;
  /** Adds a stack without resources, or finds it. */
  open(name: string, id: string): DeployedStack;
  /** Notes that a resource is about to be created or changed. */
  begin(stack: DeployedStack, logicalId: string, begun: Begun): void;
  /** Notes that nothing is under way with it any more, as `put` and `remove` do. */
  end(stack: DeployedStack, logicalId: string): void;
  put(stack: DeployedStack, logicalId: string, resource: DeployedResource): void;
  remove(stack: DeployedStack, logicalId: string): void;
  addLeftover(stack: DeployedStack, resource: Leftover): void;
  removeLeftover(stack: DeployedStack, resource: DeployedResource): void;
  /** Keeps what else has changed of a stack. */
  update(stack: DeployedStack): void;
  /** Removes a stack; its resources have to be gone. */
  close(stack: DeployedStack): void;
}

interface StackDocument
  extends Omit<DeployedStack, 'createdAt' | 'updatedAt' | 'template' | 'assets' | 'resources' | 'leftovers' | 'begun'> {
  readonly template?: JsonObject;
  readonly createdAt: number;
  readonly updatedAt: number | undefined;
  readonly assets: readonly (readonly [string, string])[];
}

/** @param state keeps stacks over a restart; without one they are in memory only */
export function createDeployed(state: State | undefined): Deployed {
  const kept = state && {
    stacks: documents<StackDocument>(state, 'stacks'),
    resources: documents<DeployedResource>(state, 'stack-resources'),
    begun: documents<Begun>(state, 'stack-begun'),
    leftovers: documents<Leftover>(state, 'stack-leftovers'),
  };
  const stacks = new Map<string, DeployedStack>();
  for (const [name, document] of kept?.stacks.entries() ?? []) {
    stacks.set(name, {
      ...document,
      // Directories of before it was kept have none until the next deployment.
      template: document.template ?? {},
      createdAt: new Date(document.createdAt),
      updatedAt: document.updatedAt === undefined ? undefined : new Date(document.updatedAt),
      assets: new Map(document.assets),
      ...{ resources: new Map(), leftovers: new Map(), begun: new Map() },
    });
  }
  for (const [key, resource] of kept?.resources.entries() ?? []) {
    const [name = '', logicalId = ''] = key.split('/');
    stacks.get(name)?.resources.set(logicalId, resource);
  }
  for (const [key, begun] of kept?.begun.entries() ?? []) {
    const [name = '', logicalId = ''] = key.split('/');
    stacks.get(name)?.begun.set(logicalId, begun);
  }
  for (const [key, resource] of kept?.leftovers.entries() ?? []) {
    stacks.get(key.slice(0, key.indexOf('/')))?.leftovers.set(leftoverKey(resource), resource);
  }

  const update = (stack: DeployedStack) => {
    const { name, id, outputs, exports, imports, template, assets, createdAt, updatedAt, failedDeletion } = stack;
    kept?.stacks.put(name, {
      ...{ name, id, outputs, exports, imports, template, failedDeletion },
      assets: [...assets],
      createdAt: createdAt.getTime(),
      updatedAt: updatedAt?.getTime(),
    });
  };

  const end = (stack: DeployedStack, logicalId: string) => {
    if (stack.begun.delete(logicalId)) kept?.begun.delete(`${stack.name}/${logicalId}`);
  };

  return {
    stacks,
    open(name, id) {
      const known = stacks.get(name);
      if (known !== undefined) return known;
      const stack: DeployedStack = {
        ...{ name, id, createdAt: new Date(), updatedAt: undefined, outputs: {}, exports: {}, imports: [] },
        ...{ template: {}, assets: new Map(), resources: new Map(), leftovers: new Map(), begun: new Map() },
      };
      stacks.set(name, stack);
      update(stack);
      return stack;
    },
    begin(stack, logicalId, begun) {
      stack.begun.set(logicalId, begun);
      kept?.begun.put(`${stack.name}/${logicalId}`, begun);
    },
    end,
    put(stack, logicalId, resource) {
      end(stack, logicalId);
      stack.resources.set(logicalId, resource);
      kept?.resources.put(`${stack.name}/${logicalId}`, resource);
    },
    remove(stack, logicalId) {
      end(stack, logicalId);
      stack.resources.delete(logicalId);
      kept?.resources.delete(`${stack.name}/${logicalId}`);
    },
    addLeftover(stack, resource) {
      stack.leftovers.set(leftoverKey(resource), resource);
      kept?.leftovers.put(`${stack.name}/${leftoverKey(resource)}`, resource);
    },
    removeLeftover(stack, resource) {
      stack.leftovers.delete(leftoverKey(resource));
      kept?.leftovers.delete(`${stack.name}/${leftoverKey(resource)}`);
    },
    update,
    close(stack) {
      stacks.delete(stack.name);
      kept?.stacks.delete(stack.name);
      kept?.resources.deleteBelow(`${stack.name}/`);
      kept?.begun.deleteBelow(`${stack.name}/`);
      kept?.leftovers.deleteBelow(`${stack.name}/`);
    },
  };
}
