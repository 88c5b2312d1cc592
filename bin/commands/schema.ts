import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import type { Mode } from '../../lib/contracts/schemas/compatibility.ts';
import {
  checkEvolution,
  type DeclaredSchemas,
  type Finding,
  retentionEnd,
} from '../../lib/contracts/schemas/evolution.ts';
import { jsonText } from '../../lib/contracts/schemas/json-text.ts';
import { type SchemaSnapshot, snapshotName } from '../../lib/contracts/schemas/schema-snapshot.ts';
import type { SystemContract } from '../../lib/contracts/system.ts';
import { asyncApiDocument } from '../../lib/operations/schemas/asyncapi.ts';
import { declaredSchemas } from '../../lib/operations/schemas/schemas.ts';
import { planSnapshots, readSnapshots, writeSnapshots } from '../../lib/operations/schemas/schemas-files.ts';
import { systemsOf } from '../config/systems.ts';
import { openTerminal, styled, type Terminal } from '../terminal/terminal.ts';

/** What the commands work on; tests pass their own. */
export interface SchemaWorld {
  readonly systems: readonly SystemContract[];
  /** Folder of the committed snapshots. */
  readonly folder: string;
  readonly now: Date;
  readonly print: (text: string) => void;
}

const here = async (): Promise<SchemaWorld> => ({
  systems: (await systemsOf()).map(({ contract }) => contract),
  folder: resolve('schemas'),
  now: new Date(),
  print: (text) => void process.stdout.write(`${text}\n`),
});

export interface CheckOptions {
  readonly json: boolean;
  readonly mode: Mode;
}

/** There is nothing that the code could be compared with. */
export class NothingToCheck extends Error {
  override readonly name = 'NothingToCheck';
}

/**
 * Compares the code with the committed snapshots.
 * @returns 1 when a change breaks somebody
 * @throws NothingToCheck when nothing was ever committed
 */
export async function schemaCheck(
  { json, mode }: CheckOptions,
  given: SchemaWorld | Promise<SchemaWorld> = here(),
): Promise<number> {
  const world = await given;
  if (!existsSync(world.folder))
    throw new NothingToCheck(
      `nothing to check: there is no ${relative(process.cwd(), world.folder)}/ with committed schemas. \`npx sluice schema write\` makes it; commit what it writes`,
    );
  const [declared, committed] = await Promise.all([declaredSchemas(world.systems), readSnapshots(world.folder)]);
  const findings = checkEvolution(declared, committed, { mode, now: world.now });
  const ok = findings.every(({ level }) => level === 'warning');
  // What `write` would bring up to date, and breaks nobody: other words, channels or retention.
  const stale = planSnapshots(declared, committed, world.now)
    .filter(({ change }) => change === 'facts')
    .map(({ snapshot }) => fileOf(world, snapshot));
  if (json) world.print(JSON.stringify({ ok, mode, events: declared.map(summaryOf), findings, stale }));
  else world.print(report({ declared, committed, findings, stale }, openTerminal({ json })));
  return ok ? 0 : 1;
}

const summaryOf = ({ versions, ...event }: DeclaredSchemas) => ({
  ...event,
  versions: versions.map(({ version }) => version),
});

interface Checked {
  readonly declared: readonly DeclaredSchemas[];
  readonly committed: readonly SchemaSnapshot[];
  readonly findings: readonly Finding[];
  /** Files that `write` would bring up to date. */
  readonly stale: readonly string[];
}

function report({ declared, committed, findings, stale }: Checked, terminal: Terminal): string {
  const groups = togetherAsOne(findings);
  const errors = groups.filter(([{ level }]) => level === 'error').length;
  const good = declared.filter(({ type }) => !findings.some(({ event, level }) => event === type && level === 'error'));
  return [
    ...good.map((event) => styled(terminal, 'green', `ok    ${event.type}  ${readable(event, committed)}`)),
    ...groups.map((group) => findingText(group, terminal)),
    ...stale.map((file) =>
      styled(terminal, 'yellow', `stale ${file}: other words, channels or retention than declared`),
    ),
    ...(stale.length === 0 ? [] : ['      fix: Run: npx sluice schema write, and commit what it writes']),
    errors > 0
      ? `${errors} ${errors === 1 ? 'problem' : 'problems'}; nothing was changed`
      : stale.length > 0
        ? `${declared.length} of ${declared.length} events break nobody; ${stale.length} of their snapshots are to be written again`
        : `${declared.length} of ${declared.length} events are as committed`,
  ].join('\n');
}

type Group = readonly [Finding, ...Finding[]];

/**
 * One mistake is told once: a part that several events or versions share is wrong in all of them, and that a version differs needs no words of its own
 * where it is said in what.
 */
function togetherAsOne(findings: readonly Finding[]): readonly Group[] {
  const inWhat = new Set(findings.flatMap((one) => (one.path === '' ? [] : [`${one.event} ${one.version}`])));
  const told = findings.filter(
    ({ event, version, rule }) => rule !== 'changed-without-version' || !inWhat.has(`${event} ${version}`),
  );
  const same = ({ path, rule, breaks, level, before, after, event, version }: Finding) =>
    JSON.stringify(path === '' ? [event, version, rule, before] : [path, rule, breaks, level, before, after]);
  return [...Map.groupBy(told, same).values()] as unknown as readonly Group[];
}

/** `version 2; reads 1 (in channels until 2026-12-11)` */
function readable({ type, versions, retentionDays }: DeclaredSchemas, committed: readonly SchemaSnapshot[]): string {
  const own = committed.filter((one) => one.type === type).sort((a, b) => a.version - b.version);
  const older = versions.slice(0, -1).map(({ version }) => {
    const until = retentionEnd(version, own, retentionDays);
    return `${version}${until === undefined ? '' : ` (in channels until ${until.toISOString().slice(0, 10)})`}`;
  });
  return `version ${versions.at(-1)?.version}${older.length === 0 ? '' : `; reads ${older.join(', ')}`}`;
}

const BREAKS = {
  backward: 'new code cannot read what is in the channels',
  forward: 'code that is still running cannot read what will be sent',
  full: 'new code cannot read what is in the channels, nor the code that is still running what will be sent',
} as const;

function findingText([finding, ...others]: Group, terminal: Terminal): string {
  const { event, version, path, rule, breaks, before, after, fix, level } = finding;
  const [word, colour] = level === 'error' ? (['error', 'red'] as const) : (['warn ', 'yellow'] as const);
  const field = path === '' ? '' : `  ${path}`;
  const consumers = [...new Set([finding, ...others].flatMap((one) => one.consumers))];
  const elsewhere = others.map((other) => `${other.event} version ${other.version}`);
  return [
    styled(terminal, colour, `${word} ${event} version ${version}${field}: ${rule}`),
    ...(elsewhere.length === 0 ? [] : [`      the same in ${elsewhere.join(', ')}`]),
    `        - ${before}`,
    `        + ${after}`,
    ...(breaks === undefined ? [] : [`      ${breaks}: ${BREAKS[breaks]}`]),
    ...(consumers.length === 0 ? [] : [`      consumers: ${consumers.join(', ')}`]),
    `      fix: ${fix}${elsewhere.length === 0 ? '' : '; so for the others'}`,
  ].join('\n');
}

export interface WriteOptions {
  readonly json: boolean;
  /** Overwrite committed versions whose data differs; needs `yes` as well. */
  readonly force: boolean;
  readonly yes: boolean;
}

/** Writes snapshots of new versions. @returns 1 when a committed version differs and was left alone */
export async function schemaWrite(
  { json, force, yes }: WriteOptions,
  given: SchemaWorld | Promise<SchemaWorld> = here(),
): Promise<number> {
  const world = await given;
  const [declared, committed] = await Promise.all([declaredSchemas(world.systems), readSnapshots(world.folder)]);
  const plan = planSnapshots(declared, committed, world.now);
  const overwrite = force && yes;
  const written = plan.filter(
    ({ change }) => change === 'new' || change === 'facts' || (change === 'overwrite' && overwrite),
  );
  const left = plan.filter(({ change }) => change === 'overwrite' && !overwrite);
  await writeSnapshots(
    world.folder,
    written.map(({ snapshot }) => snapshot),
  );

  const files = (list: typeof plan) => list.map(({ snapshot, change }) => ({ file: fileOf(world, snapshot), change }));
  if (json) world.print(JSON.stringify({ ok: left.length === 0, written: files(written), left: files(left) }));
  else {
    for (const { file, change } of files(written)) world.print(`${WRITTEN[change]}  ${file}`);
    for (const { file } of files(left)) world.print(`left alone   ${file}: it is committed and its data differs`);
    if (left.length > 0) world.print(force ? NEEDS_YES : NEEDS_FORCE);
    else if (written.length === 0)
      world.print(`nothing to write: ${plan.length} of ${plan.length} snapshots are up to date`);
  }
  return left.length === 0 ? 0 : 1;
}

const WRITTEN = { new: 'new        ', same: '', facts: 'new facts  ', overwrite: 'overwritten' } as const;
const NEEDS_FORCE =
  'Raise the version and upcast the old one (npx sluice schema check says how). A version that was never deployed may be overwritten: --force --yes';
const NEEDS_YES =
  'Nothing was overwritten. What is in a channel under these versions may become unreadable; to go on, add --yes';

const fileOf = ({ folder }: SchemaWorld, snapshot: SchemaSnapshot): string =>
  relative(process.cwd(), join(folder, snapshotName(snapshot)));

export interface AsyncApiOptions {
  /** File to write. @default none: the document is printed */
  readonly output?: string;
}

/** Prints or writes the AsyncAPI document of all systems. */
export async function schemaAsyncApi(
  { output }: AsyncApiOptions,
  given: SchemaWorld | Promise<SchemaWorld> = here(),
): Promise<number> {
  const world = await given;
  const text = await asyncApiText(world.systems);
  if (output === undefined) world.print(text.trimEnd());
  else {
    await writeFile(output, text);
    world.print(`written  ${output}`);
  }
  return 0;
}

/** The document, under the name and version of the package of this folder. */
export async function asyncApiText(systems: readonly SystemContract[]): Promise<string> {
  const { name: title, version } = await ownPackage();
  const description = 'What the systems say to each other. Generated from their contracts: npx sluice schema asyncapi';
  const document = await asyncApiDocument(systems, { title, version, description });
  return jsonText(document);
}

/** Of an app that is no package: AsyncAPI asks for both. */
const UNNAMED = { name: 'app', version: '0.0.0' };

async function ownPackage(): Promise<typeof UNNAMED> {
  const file = 'package.json';
  return existsSync(file) ? { ...UNNAMED, ...JSON.parse(await readFile(file, 'utf8')) } : UNNAMED;
}
