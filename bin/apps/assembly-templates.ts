import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { switchedOffIn } from '../../lib/lint/graph/graph-declared.ts';
import type { System } from '../../lib/lint/lint.ts';
import { acknowledgedIn } from '../../lib/lint/reading/acknowledgements.ts';
import { textOf } from '../../lib/lint/reading/intrinsics.ts';
import { at, isRecord, type Json, listOf, recordOf } from '../../lib/lint/reading/json.ts';
import type { Template } from '../../lib/lint/reading/templates.ts';
import { readTemplateFile } from './template-file.ts';

const MANIFEST = 'manifest.json';
const TEMPLATES = ['.json', '.yaml', '.yml', '.template'];

/**
 * Reads what there is to lint in a folder: a cloud assembly with its stages and nested stacks, or templates that somebody wrote; or in one template.
 * @throws Error that names the file and what is wrong with it
 */
export function readAssembly(place: string): System {
  if (!existsSync(place))
    throw new Error(`there is no ${place}: name a folder that cdk synth wrote (cdk.out), or one with templates.`);
  if (!statSync(place).isDirectory()) return { templates: withNested([rootOf(place)]), acknowledgements: [] };
  if (existsSync(join(place, MANIFEST))) return systemOf(place);
  const templates = handWritten(place);
  if (templates.length === 0)
    throw new Error(`${place} holds neither a cloud assembly (${MANIFEST}) nor a template with Resources.`);
  return { templates: withNested(templates), acknowledgements: [] };
}

/** A template that may have others within it, with what leads to their files. */
interface Root {
  readonly template: Template;
  readonly file: string;
  /** Files of assets, by what ends their address. */
  readonly assets: ReadonlyMap<string, string>;
  /** What the constructs of a template are called, by its file. */
  readonly constructs?: ReadonlyMap<string, Constructs>;
}

interface Constructs {
  readonly path: string;
  readonly paths: Map<string, string>;
}

const rootOf = (file: string, assets: ReadonlyMap<string, string> = new Map()): Root => ({
  template: { path: basename(file, extname(file)), body: bodyOf(file) },
  file,
  assets,
});

function bodyOf(file: string): Json {
  if (!existsSync(file)) throw new Error(`there is no template ${file}, which the assembly names.`);
  const body = readTemplateFile(file);
  if (!isRecord(body)) throw new Error(`${file} is no CloudFormation template: it is no object.`);
  if (body.Resources !== undefined && !isRecord(body.Resources))
    throw new Error(`${file} is no CloudFormation template: Resources must be an object by logical ids.`);
  return body;
}

/** Templates of a folder that is no assembly; other files in it are passed over. */
function handWritten(folder: string): readonly Root[] {
  const files = readdirSync(folder)
    .filter((name) => TEMPLATES.includes(extname(name)))
    .map((name) => join(folder, name))
    .filter((file) => statSync(file).isFile());
  // Of a file that cannot be read, only one that may be a template is worth an error.
  const mayBe = (file: string) => readFileSync(file, 'utf8').includes('Resources');
  return files
    .filter((file) => mayBe(file) && isRecord(at(readTemplateFile(file), 'Resources')))
    .map((file) => rootOf(file));
}

/** Roots and everything within them, each once. */
function withNested(roots: readonly Root[]): readonly Template[] {
  const within = roots.flatMap((root) => nestedIn(root));
  const files = new Set(within.map(({ file }) => file));
  return [...roots.filter(({ file }) => !files.has(resolve(file))), ...within].map(({ template }) => template);
}

function nestedIn(root: Root, around: readonly string[] = []): readonly Root[] {
  const { template, assets, constructs } = root;
  const seen = [...around, resolve(root.file)];
  return Object.entries(recordOf(template.body.Resources)).flatMap(([logicalId, resource]): readonly Root[] => {
    if (recordOf(resource).Type !== 'AWS::CloudFormation::Stack') return [];
    const file = nestedFile(resource, root.file, assets);
    if (file === undefined || seen.includes(file)) return [];
    const known = constructs?.get(file);
    const nested: Root = {
      ...root,
      file,
      template: {
        path: known?.path ?? `${template.path}/${logicalId}`,
        body: bodyOf(file),
        within: { template, logicalId },
        ...(known === undefined ? {} : { paths: known.paths }),
      },
    };
    return [nested, ...nestedIn(nested, seen)];
  });
}

/** Where the template of a nested stack is, if it is on this machine. */
function nestedFile(resource: unknown, file: string, assets: ReadonlyMap<string, string>): string | undefined {
  const asset = at(resource, 'Metadata', 'aws:asset:path');
  const url = textOf(at(resource, 'Properties', 'TemplateURL')) ?? '';
  const known = assets.get(url.slice(url.lastIndexOf('/') + 1));
  if (known !== undefined) return known;
  const beside = resolve(dirname(file), typeof asset === 'string' ? asset : url);
  return existsSync(beside) && statSync(beside).isFile() ? beside : undefined;
}

/** An assembly with those of its stages. */
function systemOf(folder: string, around: readonly string[] = []): System {
  const manifest = readTemplateFile(join(folder, MANIFEST));
  const artifacts = at(manifest, 'artifacts');
  if (!isRecord(artifacts))
    throw new Error(`${join(folder, MANIFEST)} is not the manifest of a cloud assembly: it has no artifacts.`);
  const systems = Object.entries(artifacts).flatMap(([id, artifact]): readonly System[] => {
    const { type, properties } = recordOf(artifact);
    if (type === 'aws:cloudformation:stack') return [stackOf(folder, id, recordOf(artifact))];
    const directory = at(properties, 'directoryName');
    if (type !== 'cdk:cloud-assembly' || typeof directory !== 'string') return [];
    const inner = resolve(folder, directory);
    if (!existsSync(join(inner, MANIFEST)))
      throw new Error(`there is no ${join(inner, MANIFEST)}, which ${join(folder, MANIFEST)} names as a stage.`);
    return around.includes(inner) || inner === resolve(folder) ? [] : [systemOf(inner, [...around, resolve(folder)])];
  });
  return {
    templates: systems.flatMap(({ templates }) => templates),
    acknowledgements: systems.flatMap(({ acknowledgements }) => acknowledgements),
    switchedOff: systems.flatMap(({ switchedOff }) => switchedOff ?? []),
  };
}

function stackOf(folder: string, id: string, artifact: Json): System {
  const name = at(artifact, 'properties', 'templateFile');
  const file = resolve(folder, typeof name === 'string' ? name : `${id}.template.json`);
  const metadata = metadataOf(folder, artifact);
  const { displayName } = artifact;
  const path = typeof displayName === 'string' ? displayName : id;
  const constructs = constructsOf(folder, metadata, { file, path });
  const stackName = at(artifact, 'properties', 'stackName');
  const template: Template = {
    path,
    stackName: typeof stackName === 'string' ? stackName : id,
    body: bodyOf(file),
    ...(constructs.get(file) === undefined ? {} : { paths: constructs.get(file)?.paths ?? new Map() }),
  };
  return {
    templates: withNested([{ template, file, constructs, assets: assetsOf(folder, `${id}.assets.json`) }]),
    acknowledgements: metadata.flatMap(([at, entries]) => acknowledgedIn(at, entries)),
    switchedOff: metadata.flatMap(([at, entries]) => switchedOffIn(at, entries)),
  };
}

type Metadata = readonly (readonly [path: string, entries: readonly Json[]])[];

/** What constructs say of themselves, by their path. */
function metadataOf(folder: string, { metadata, additionalMetadataFile: other }: Json): Metadata {
  const file = typeof other === 'string' ? join(folder, other) : undefined;
  const apart = file !== undefined && existsSync(file) ? recordOf(readTemplateFile(file)) : {};
  return Object.entries({ ...recordOf(metadata), ...apart }).map(([path, entries]) => [
    path.replace(/^\//, ''),
    listOf(entries).map(recordOf),
  ]);
}

/** Paths of constructs, for the template that each is in: that of the nearest stack around it. */
function constructsOf(
  folder: string,
  metadata: Metadata,
  top: { readonly file: string; readonly path: string },
): ReadonlyMap<string, Constructs> {
  const stacks = new Map<string, Constructs>([[top.file, { path: top.path, paths: new Map() }]]);
  const entries = metadata.flatMap(([path, found]) => found.map(({ type, data }) => ({ path, type, data })));
  for (const { path, type, data } of entries)
    if (type === 'aws:cdk:templateFile' && typeof data === 'string' && !stacks.has(resolve(folder, data)))
      stacks.set(resolve(folder, data), { path, paths: new Map() });
  const inner = [...stacks.values()].sort((a, b) => b.path.length - a.path.length);
  for (const { path, type, data } of entries) {
    const stack = inner.find((one) => path.startsWith(`${one.path}/`));
    if (type === 'aws:cdk:logicalId' && typeof data === 'string') stack?.paths.set(data, path);
  }
  return stacks;
}

/** Files of a stack's assets, by the key under which they are uploaded. */
function assetsOf(folder: string, name: string): ReadonlyMap<string, string> {
  const file = join(folder, name);
  const files = existsSync(file) ? recordOf(at(readTemplateFile(file), 'files')) : {};
  return new Map(
    Object.values(files).flatMap((asset) => {
      const path = at(asset, 'source', 'path');
      if (typeof path !== 'string') return [];
      return Object.values(recordOf(at(asset, 'destinations'))).flatMap((destination) => {
        const key = at(destination, 'objectKey');
        return typeof key === 'string' ? [[basename(key), resolve(folder, path)] as const] : [];
      });
    }),
  );
}

/** Templates that only SAM can tell apart before it has transformed them: their functions and events are not seen. */
export const untransformed = ({ templates }: System): readonly string[] =>
  templates
    .filter(({ body }) => listOf(body.Transform).some((name) => String(name).startsWith('AWS::Serverless')))
    .map(({ path }) => path);
