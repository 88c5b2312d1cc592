import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** The command line in a folder that is not this repository: it works on what is there, and says what is missing. */
const ROOT = join(import.meta.dirname, '../..');
const CONTRACTS = join(ROOT, 'lib/contracts/index.ts');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-foreign-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const sluice = (...args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const env = {
      ...process.env,
      AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
      AWS_MAX_ATTEMPTS: '1',
      AWS_REGION: 'eu-west-1',
    };
    execFile(process.execPath, [join(ROOT, 'bin/sluice.ts'), ...args], { cwd: folder, env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

const CONTRACT = `import { event, queue, subscription } from '${CONTRACTS}';
  import * as v from 'valibot';
  export const Sent = event('parcels.sent', { version: 1, data: v.object({ parcel: v.string() }), key: ({ parcel }) => parcel });
  export const parcels = queue('parcels', { events: [Sent] });
  export const announce = subscription('announce', { to: parcels });`;
const config = (contract: string, tools = '') => `import { systemContract } from '${CONTRACTS}';
  import * as parcels from '${contract}';
  export default { systems: [{ name: 'parcels', summary: 'what it is for', contract: systemContract('parcels', parcels)${tools} }] };`;

const NO_CONFIG =
  /^sluice: there is no sluice\.config\.ts in \/\S+, which says what systems this app has\. .* or write one:\n/;
const NO_APP =
  /^sluice: there is no \/\S+\/cdk\.json, which names the app to run\. Start the command in the folder of the app/;

describe('in an empty folder it says what is missing', () => {
  it.each<[command: string, says: RegExp, code?: number]>([
    ['demo --once', NO_CONFIG, 2],
    ['produce parcels', NO_CONFIG, 2],
    ['systems', NO_CONFIG, 2],
    ['cost', NO_CONFIG, 2],
    ['schema check', NO_CONFIG, 2],
    ['schema write', NO_CONFIG, 2],
    ['schema asyncapi', NO_CONFIG, 2],
    [
      'parked list --all',
      /^sluice: there is no sluice\.config\.ts here that names a system: name the stack with --stack\n$/,
      2,
    ],
    ['parked show announce p1', /name the stack with --stack\n$/, 2],
    ['local --watch', NO_APP],
    ['lint', NO_APP],
    ['plan', NO_APP],
    ['quotas', NO_APP],
    ['local', /^sluice: name an assembly \(--assembly cdk\.out\), or run the app of cdk\.json \(--watch\)\n$/, 2],
    [
      'cost --stage prod',
      /^sluice: --stage prod changes nothing without --assembly: .* npx cdk synth -q -c stage=prod && npx sluice cost --assembly cdk\.out --stage prod\n$/,
      2,
    ],
  ])('%s', async (command, says, code = 1) => {
    const ended = await sluice(...command.split(' '));
    expect(ended).toEqual({ code, stdout: '', stderr: expect.stringMatching(says) });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('in the folder of an app', () => {
  beforeEach(() => {
    write({ 'package.json': '{ "name": "post", "version": "3.2.1", "type": "module" }', 'contract.ts': CONTRACT });
    write({ 'sluice.config.ts': config('./contract.ts') });
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  });

  it('schemas are checked once there are any', async () => {
    expect(await sluice('schema', 'check')).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'sluice: nothing to check: there is no schemas/ with committed schemas. `npx sluice schema write` makes it; commit what it writes\n',
    });
    expect((await sluice('schema', 'write')).stdout).toBe('new          schemas/parcels.sent.v1.json\n');
    expect(await sluice('schema', 'check')).toMatchObject({ code: 0 });
  });

  it('a document has the name and version of its package', async () => {
    const { stdout } = await sluice('schema', 'asyncapi');
    expect(JSON.parse(stdout).info).toMatchObject({ title: 'post', version: '3.2.1' });
    rmSync(join(folder, 'package.json'));
    expect(JSON.parse((await sluice('schema', 'asyncapi')).stdout).info).toMatchObject({
      title: 'app',
      version: '0.0.0',
    });
  });

  it('what is not deployed is named, and how it gets there', async () => {
    const { code, stderr } = await sluice('parked', 'list', '--all');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^sluice: stack 'sluice-dev-parcels' was not found at .* `npx sluice local --watch` .* another stage with --stage/,
    );
  });

  it('a config without systems is told what belongs there', async () => {
    write({ 'sluice.config.ts': 'export default { systems: [{ name: "parcels" }] };' });
    expect((await sluice('systems')).stderr).toMatch(
      /must export by default \{ systems: \[\.\.\.\] \} with a name, a summary and a contract each/,
    );
  });
});

describe('a config in TypeScript', () => {
  const TOOLS = `import { Where } from './contract.js';
    const where: Where = { folder: import.meta.dirname };
    export const tools = { producers: { counter: { where } }, reconciled: [] };`;
  const WHERE = 'export interface Where { folder: string }';
  const lazily = ", tools: async () => (await import('./tools')).tools";

  it.each<[name: string, manifest: string, contract: string, from: string]>([
    ['as Node runs it', '{ "type": "module" }', CONTRACT, './contract.ts'],
    ['imports without an extension', '{ "type": "module" }', CONTRACT, './contract'],
    ['imports of .js', '{ "type": "module" }', CONTRACT, './contract.js'],
    ['an enum', '{ "type": "module" }', `${CONTRACT}\nexport enum Size { Small }`, './contract.ts'],
    ['in a package of CommonJS', '{}', CONTRACT, './contract'],
    ['an enum in a package of CommonJS', '{}', `${CONTRACT}\nexport enum Size { Small }`, './contract.ts'],
  ])('is loaded: %s; and what it imports later', async (_, manifest, contract, from) => {
    write({ 'package.json': manifest, 'contract.ts': `${contract}\n${WHERE}`, 'tools.ts': TOOLS });
    write({ 'sluice.config.ts': config(from, lazily) });
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const { stdout, stderr } = await sluice('systems', '--json');
    expect(stderr).not.toContain('sluice:');
    expect(JSON.parse(stdout).systems).toMatchObject([{ name: 'parcels', subscriptions: ['announce'], samples: true }]);
    // The tools are loaded, and know where they lie: this producer is not among them.
    expect((await sluice('produce', 'parcels', '--producer', 'none')).stderr).toContain(
      "system 'parcels' has no sample producer 'none' (it has: counter)",
    );
  });

  it('is told as it is when it throws', async () => {
    write({ 'package.json': '{ "type": "module" }', 'sluice.config.ts': "throw new Error('no parcels today');" });
    expect(await sluice('systems')).toMatchObject({ code: 1, stderr: 'sluice: no parcels today\n' });
  });
});
