import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { System } from '../../lib/operations/systems/system.ts';
import { defaultOf, importCompiled, importOwn, needsCompiling } from './user-module.ts';

/** Where an app says which systems it has, beside its `cdk.json`. */
export const CONFIG_FILES = ['sluice.config.ts', 'sluice.config.js', 'sluice.config.mjs'] as const;

/** A command has no systems to work on: it was called with another name, or in another folder. */
export class NoSystems extends InvalidArgumentError {
  override readonly name = 'NoSystems';
}

const EXAMPLE = `import { systemContract } from 'sluice/contracts';
  import * as parcels from './contract.ts';
  export default { systems: [{ name: 'parcels', summary: 'what it is for', contract: systemContract('parcels', parcels) }] };`;

/**
 * The systems of a folder: the default export of its `sluice.config.ts`.
 * @throws NoSystems when there is no such file, or what it exports lists none; says what to write there
 */
export async function systemsOf(folder: string = process.cwd()): Promise<readonly System[]> {
  const file = CONFIG_FILES.map((name) => join(folder, name)).find((path) => existsSync(path));
  if (file === undefined)
    throw new NoSystems(
      `there is no ${CONFIG_FILES[0]} in ${folder}, which says what systems this app has. Start the command in the folder of the app, or write one:\n  ${EXAMPLE}`,
    );
  return systemsIn(await importOwn(file), file).map((system) => withToolsOf(file, system));
}

function systemsIn(module: Readonly<Record<string, unknown>>, file: string): readonly System[] {
  const { systems } = (defaultOf(module) ?? {}) as { readonly systems?: unknown };
  if (!Array.isArray(systems) || !systems.every(isSystem) || systems.length === 0)
    throw new NoSystems(
      `${file} must export by default { systems: [...] } with a name, a summary and a contract each:\n  ${EXAMPLE}`,
    );
  return systems;
}

/** What a config imports when it is asked for may need what the config itself did not: then the config is loaded again, compiled. */
function withToolsOf(file: string, system: System): System {
  const { name, tools } = system;
  if (tools === undefined) return system;
  return {
    ...system,
    async tools() {
      try {
        return await tools();
      } catch (error) {
        if (!needsCompiling(error)) throw error;
        const again = systemNamed(systemsIn(await importCompiled(file), file), name);
        return (again.tools ?? tools)();
      }
    },
  };
}

const isSystem = (value: unknown): value is System => {
  const { name, summary, contract } = (value ?? {}) as Partial<Record<keyof System, unknown>>;
  return typeof name === 'string' && typeof summary === 'string' && typeof contract === 'object' && contract !== null;
};

/**
 * One of them.
 * @throws NoSystems that names those that there are
 */
export function systemNamed(systems: readonly System[], name: string): System {
  const found = systems.find((system) => system.name === name);
  if (found !== undefined) return found;
  throw new NoSystems(
    `there is no system '${name}' here (there are: ${systems.map((system) => system.name).join(', ')}). Check the name, or add it to ${CONFIG_FILES[0]}.`,
  );
}

/** The one that is meant when none is named: the first. */
export const firstOf = (systems: readonly System[]): System => systems[0] as System;

/**
 * What runs and reconciles a system.
 * @throws NoSystems when it brings nothing of the kind
 */
export async function toolsOf({ name, tools }: System) {
  if (tools === undefined)
    throw new NoSystems(
      `system '${name}' has no sample producers: give it 'tools' in ${CONFIG_FILES[0]} (docs/first-consumer.md shows some)`,
    );
  return tools();
}
