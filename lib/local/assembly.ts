import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Json, JsonObject } from './json.ts';
import { isObject, objectAt, textAt } from './json.ts';

/** One stack of a CDK cloud assembly. */
export interface AssemblyStack {
  /** Name the stack is deployed under. */
  readonly name: string;
  readonly artifactId: string;
  readonly template: JsonObject;
  /** Absolute directory or file of every file asset, by the key it is uploaded under (`<hash>.zip`). */
  readonly assets: ReadonlyMap<string, string>;
  /** Region the app names for the stack, or undefined when it leaves it open. */
  readonly region: string | undefined;
}

export interface Assembly {
  readonly directory: string;
  /** Stacks in an order in which each comes after those it depends on. */
  readonly stacks: readonly AssemblyStack[];
}

/** The cloud assembly cannot be used; the message says which file is wrong and how to make it. */
export class AssemblyError extends Error {
  override readonly name = 'AssemblyError';
}

/**
 * Reads a cloud assembly (`cdk.out`), nested ones of stages included.
 * @throws AssemblyError when the directory, its manifest or a file that the manifest names is missing or unreadable
 */
export function readAssembly(path: string): Assembly {
  const directory = resolve(path);
  if (!existsSync(directory))
    throw new AssemblyError(`There is no cloud assembly at ${directory}. Make it first: npx cdk synth`);
  if (!statSync(directory).isDirectory()) {
    throw new AssemblyError(
      `${directory} is a file, not a cloud assembly. Name the directory that "npx cdk synth" writes (cdk.out).`,
    );
  }
  const stacks = stacksOf(directory);
  if (stacks.length === 0)
    throw new AssemblyError(
      `The cloud assembly ${directory} holds no stack. Synthesise an app with one: npx cdk synth`,
    );
  const names = new Set<string>();
  for (const { name } of stacks) {
    if (names.has(name))
      throw new AssemblyError(
        `The cloud assembly ${directory} deploys two stacks as "${name}"; give one another stackName.`,
      );
    names.add(name);
  }
  return { directory, stacks };
}

function stacksOf(directory: string): AssemblyStack[] {
  const file = join(directory, 'manifest.json');
  if (!existsSync(file)) {
    throw new AssemblyError(
      `${directory} is not a cloud assembly: it has no manifest.json. Make one with: npx cdk synth`,
    );
  }
  const manifest = readJson(file);
  const artifacts = objectAt(manifest, 'artifacts');
  if (!isObject(manifest.artifacts) || typeof manifest.version !== 'string') {
    throw new AssemblyError(
      `${file} is not the manifest of a cloud assembly (no version or artifacts). Make one with: npx cdk synth`,
    );
  }
  const stacks: AssemblyStack[] = [];
  for (const id of inDependencyOrder(artifacts)) {
    const artifact = artifacts[id];
    const properties = objectAt(artifact, 'properties');
    const type = textAt(artifact, 'type');
    if (type === 'cdk:cloud-assembly')
      stacks.push(...stacksOf(join(directory, textAt(properties, 'directoryName') ?? '')));
    if (type === 'aws:cloudformation:stack') stacks.push(stackOf(directory, id, artifact, artifacts));
  }
  return stacks;
}

function stackOf(directory: string, id: string, artifact: Json | undefined, artifacts: JsonObject): AssemblyStack {
  const properties = objectAt(artifact, 'properties');
  const region = /^aws:\/\/[^/]+\/(.+)$/.exec(textAt(artifact, 'environment') ?? '')?.[1];
  const templateFile = join(directory, textAt(properties, 'templateFile') ?? `${id}.template.json`);
  const assets = new Map<string, string>();
  for (const dependency of dependenciesOf(artifact)) {
    const other = artifacts[dependency];
    if (textAt(other, 'type') !== 'cdk:asset-manifest') continue;
    readAssetManifest(directory, join(directory, textAt(objectAt(other, 'properties'), 'file') ?? ''), assets);
  }
  return {
    name: textAt(properties, 'stackName') ?? id,
    artifactId: id,
    template: readJson(templateFile),
    assets,
    region: region === 'unknown-region' ? undefined : region,
  };
}

function readAssetManifest(directory: string, file: string, assets: Map<string, string>): void {
  for (const asset of Object.values(objectAt(readJson(file), 'files'))) {
    const path = textAt(objectAt(asset, 'source'), 'path');
    if (path === undefined) continue;
    for (const destination of Object.values(objectAt(asset, 'destinations'))) {
      const key = textAt(destination, 'objectKey');
      if (key !== undefined) assets.set(key, resolve(directory, path));
    }
  }
}

function dependenciesOf(artifact: Json | undefined): string[] {
  const list = isObject(artifact) && Array.isArray(artifact.dependencies) ? artifact.dependencies : [];
  return list.filter((entry) => typeof entry === 'string');
}

function inDependencyOrder(artifacts: JsonObject): string[] {
  const ordered = new Set<string>();
  const visit = (id: string): void => {
    if (ordered.has(id) || artifacts[id] === undefined) return;
    for (const dependency of dependenciesOf(artifacts[id])) visit(dependency);
    ordered.add(id);
  };
  for (const id of Object.keys(artifacts)) visit(id);
  return [...ordered];
}

function readJson(file: string): JsonObject {
  if (!existsSync(file))
    throw new AssemblyError(`The cloud assembly is incomplete: ${file} is missing. Make it again: npx cdk synth`);
  try {
    const value = JSON.parse(readFileSync(file, 'utf8')) as Json;
    if (isObject(value)) return value;
  } catch (error) {
    throw new AssemblyError(
      `${file} is not valid JSON (${error instanceof Error ? error.message : error}). Make it again: npx cdk synth`,
    );
  }
  throw new AssemblyError(`${file} holds no JSON object. Make it again: npx cdk synth`);
}
