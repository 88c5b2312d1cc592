import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CdkApp } from '../../../bin/apps/cdk-app.ts';
import { redeployOnChange } from '../../../bin/apps/redeploy.ts';
import type { Engine } from '../../../lib/local/engine.ts';

/** When an app is synthesised and deployed, and what is told of it; files change, and work ends, when a test says so. */
const world = vi.hoisted(() => ({
  steps: [] as string[],
  change: (_files: readonly string[]): void => undefined,
  synthesised: [] as PromiseWithResolvers<void>[],
  of: [] as unknown[],
}));
vi.mock('../../../bin/apps/cdk-app.ts', () => ({
  synthesise(app: unknown) {
    world.steps.push('synthesise');
    world.of.push(app);
    const work = Promise.withResolvers<void>();
    world.synthesised.push(work);
    return work.promise;
  },
}));
vi.mock('../../../bin/apps/watch-files.ts', () => ({
  watchFiles(app: unknown, onChange: (files: readonly string[]) => void) {
    world.of.push(app);
    world.change = onChange;
    return { close: () => void world.steps.push('stop watching') };
  },
}));

const app = { folder: '/app', command: 'run it', output: '/app/out' } as CdkApp;
let deployed: (readonly [place: string | undefined, work: PromiseWithResolvers<readonly object[]>])[];
let said: string[];
function open() {
  const engine = {
    deploy(place?: string) {
      world.steps.push('deploy');
      const work = Promise.withResolvers<readonly object[]>();
      deployed.push([place, work]);
      return work.promise;
    },
  } as unknown as Engine;
  const tell = {
    note: (text: string) => void said.push(`note: ${text}`),
    result: (text: string) => void said.push(text),
  };
  return redeployOnChange(app, engine, tell);
}
const steps = () => world.steps.splice(0);
const turn = () => new Promise((resolve) => setImmediate(resolve));
async function synthesised(error?: unknown) {
  const work = world.synthesised.shift();
  if (error === undefined) work?.resolve();
  else work?.reject(error);
  await turn();
}
async function deploy(changes: number) {
  deployed.at(-1)?.[1].resolve(Array.from({ length: changes }, () => ({})));
  await turn();
}

beforeEach(() => {
  [deployed, said] = [[], []];
  for (const list of [world.steps, world.synthesised, world.of]) list.length = 0;
});
afterEach(() => void vi.restoreAllMocks());

describe('an app whose files change', () => {
  it('is synthesised, then deployed, and told with how much that was and how long it took', async () => {
    let clock = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => clock);
    open();
    expect([steps(), said]).toEqual([[], []]);
    world.change(['a.ts']);
    expect(steps()).toEqual(['synthesise']);
    clock = 1_000;
    await synthesised();
    expect(steps()).toEqual(['deploy']);
    expect(deployed[0]?.[0]).toBe('/app/out');
    clock = 2_340;
    await deploy(3);
    expect(said).toEqual(['note: Changed: a.ts', 'deployed 3 in 2.3 s']);
    expect(world.of).toEqual([app, app]);
    world.change(['a.ts']);
    await synthesised();
    await deploy(0);
    expect(said.at(-1)).toBe('unchanged');
  });

  it.each([
    [['a', 'b', 'c'], 'a, b, c'],
    [['a', 'b', 'c', 'd'], 'a, b, c and 1 more'],
    [['a', 'b', 'c', 'd', 'e'], 'a, b, c and 2 more'],
  ])('is told by the files: %j', (files, text) => {
    open();
    world.change(files);
    expect(said).toEqual([`note: Changed: ${text}`]);
  });

  it('is deployed once more for all that changes meanwhile', async () => {
    open();
    world.change(['a.ts']);
    world.change(['b.ts']);
    expect(steps()).toEqual(['synthesise']);
    await synthesised();
    world.change(['c.ts']);
    await deploy(1);
    expect(steps()).toEqual(['deploy', 'synthesise']);
    await synthesised();
    await deploy(1);
    expect(steps()).toEqual(['deploy']);
    expect(said.filter((text) => text.startsWith('deployed'))).toHaveLength(2);
    // At rest, the next change begins anew.
    world.change(['d.ts']);
    expect(steps()).toEqual(['synthesise']);
  });

  it.each([
    ['does not synthesise', new Error('no app'), undefined, 'no app', ['synthesise']],
    ['cannot be deployed', undefined, new Error('no bucket'), 'no bucket', ['synthesise', 'deploy']],
    ['fails with no error', 'just text', undefined, 'just text', ['synthesise']],
  ])('runs on as it was when it %s, and is deployed at the next change', async (_, synth, deployment, text, done) => {
    open();
    world.change(['a.ts']);
    await synthesised(synth);
    deployed.at(-1)?.[1].reject(deployment);
    await turn();
    expect(steps()).toEqual(done);
    expect(said.slice(1)).toEqual([`note: ${text}`, 'not deployed: the app runs on as it was']);
    world.change(['a.ts']);
    await synthesised();
    await deploy(2);
    expect(said.at(-1)).toMatch(/^deployed 2 in /);
  });

  it('is left alone once that is closed, which waits for what is under way and begins nothing new', async () => {
    const redeployment = open();
    world.change(['a.ts']);
    await synthesised();
    world.change(['b.ts']);
    steps();
    let isClosed = false;
    const closing = redeployment.close().then(() => {
      isClosed = true;
    });
    await turn();
    expect([steps(), isClosed]).toEqual([['stop watching'], false]);
    await deploy(1);
    await closing;
    expect(steps()).toEqual([]);
    await open().close();
  });
});
