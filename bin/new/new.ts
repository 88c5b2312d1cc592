import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Channel } from '../../lib/contracts/channels/channel.ts';
import type { System } from '../../lib/operations/systems/system.ts';
import { systemsOf } from '../config/systems.ts';
import { consumerFiles } from './consumer-files.ts';
import { type Layout, layoutOf } from './layout.ts';
import { type Names, namesOf } from './names.ts';
import { systemFiles } from './system-files.ts';
import type { NewFile } from './writing.ts';

export interface NewOptions {
  /** Says what would be written, and writes nothing. */
  readonly dryRun: boolean;
  readonly json: boolean;
}

export interface NewConsumerOptions extends NewOptions {
  /** Name of the channel. */
  readonly to: string;
}

/** Writes a system that runs and passes the gate as it is. @returns 0. @throws Error for a bad name, or files that are there already: then nothing is written */
export async function newSystem(name: string, options: NewOptions): Promise<number> {
  const n = namesOf(name, 'system');
  const layout = layoutOf(process.cwd());
  const files = systemFiles(n, layout);
  refuseExisting(files, layout);
  const list = listed(n, layout);
  write([...files, ...list.files], layout, options);
  const next = [
    ...list.byHand,
    'npx sluice schema write',
    `npm start -- --system ${name} --once`,
    ...(layout.isHouse ? [`npm run test:systems -- -t ${name}`] : []),
  ];
  tell([...files, ...list.files], next, options);
  return 0;
}

/** Writes a consumer of a channel. @returns 0. @throws Error for a bad name, an unknown channel, or one that nobody else can consume: then nothing is written */
export async function newConsumer(name: string, options: NewConsumerOptions): Promise<number> {
  const n = namesOf(name, 'consumer');
  const layout = layoutOf(process.cwd());
  const { system, channel } = channelNamed(await systemsOf(), options.to);
  const { files, byHand } = consumerFiles(n, system, channel, layout);
  refuseExisting(
    files.filter(({ path }) => path.startsWith(`${layout.lambdas}/`)),
    layout,
  );
  write(files, layout, options);
  tell(files, [...byHand, 'npx sluice schema write', `npm start -- --system ${system.name} --once`], options);
  return 0;
}

function channelNamed(systems: readonly System[], name: string): { system: System; channel: Channel } {
  for (const system of systems) {
    const channel = system.contract.channels.find((one) => one.name === name);
    if (channel !== undefined) return { system, channel };
  }
  const known = systems.flatMap(({ contract }) => contract.channels.map((one) => `${one.name} (${one.kind})`));
  throw new Error(`no system here has a channel '${name}' (there are: ${known.join(', ')}). Check the name.`);
}

function refuseExisting(files: readonly NewFile[], { folder }: Layout): void {
  const there = files.map(({ path }) => path).filter((path) => existsSync(join(folder, path)));
  if (there.length > 0)
    throw new Error(`nothing was written: ${there.join(', ')} is there already. Choose another name, or delete it.`);
}

/** The line in the list of systems. */
function listed(
  n: Names,
  { isHouse, systems, folder }: Layout,
): { files: readonly NewFile[]; byHand: readonly string[] } {
  const path = `${systems}/systems.ts`;
  if (!isHouse)
    return {
      files: [],
      byHand: [
        `add ${n.value} (./${systems}/${n.name}/system.ts) to the systems of sluice.config.ts, and new ${n.type}Stack(app, ...) to the CDK app`,
      ],
    };
  const source = readFileSync(join(folder, path), 'utf8');
  const imports = [...source.matchAll(/^import .* from '\.\/[^']+';$/gm)].map(([line]) => line);
  const line = `import { ${n.value} } from './${n.name}/system.ts';`;
  const sorted = [...imports, line].sort((a, b) => (a.split("'")[1] ?? '').localeCompare(b.split("'")[1] ?? '', 'en'));
  const text = source
    .replace(imports.join('\n'), sorted.join('\n'))
    .replace(/(SYSTEMS: readonly HouseSystem\[\] = \[[^\]]*)\]/, `$1, ${n.value}]`);
  return { files: [{ path, text }], byHand: [] };
}

function write(files: readonly NewFile[], { folder }: Layout, { dryRun }: NewOptions): void {
  if (dryRun) return;
  for (const { path, text } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

function tell(files: readonly NewFile[], next: readonly string[], { json, dryRun }: NewOptions): void {
  const paths = files.map(({ path }) => path);
  const words = [
    dryRun ? 'would write:' : 'written:',
    ...paths.map((path) => `  ${path}`),
    'next:',
    ...next.map((line) => `  ${line}`),
  ];
  process.stdout.write(`${json ? JSON.stringify({ files: paths, next, dryRun }) : words.join('\n')}\n`);
}
