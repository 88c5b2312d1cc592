import { statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundleFunctions } from '../../lib/constructs/functions/bundle.ts';
import { outputOf, startChild } from '../child.ts';
import { type Machine, machine, ownVersion, versionsOf } from '../machine.ts';
import { interleaved, ratio, type Summary, summary } from '../statistics.ts';
import { CONTESTANTS, type Contestant, environmentOf, PACKAGES, REFERENCE } from './contestants.ts';
import type { Answer, Request } from './function-process.ts';
import { BATCH_SIZE } from './messages.ts';
import { type Cost, countRequests, type Situation } from './requests.ts';
import { type BenchServices, startBenchServices } from './services.ts';

/** How much is measured. */
export interface Effort {
  /** Processes that load each bundle. */
  readonly loads: number;
  /** Warm processes of each contestant whose CPU time is taken. */
  readonly cpuRounds: number;
  /** Batches of ten before CPU time is taken: the code is then compiled as it is in a function that has run for a while. */
  readonly warmUp: number;
  readonly batches: number;
}

export const FULL: Effort = { loads: 31, cpuRounds: 7, warmUp: 100, batches: 200 };
export const QUICK: Effort = { loads: 5, cpuRounds: 1, warmUp: 20, batches: 40 };

export interface Measured {
  readonly versions: Readonly<Record<string, string>>;
  readonly bundleBytes: number;
  readonly loadMillis: Summary;
  readonly cpuMicrosPerRecord: Summary;
  readonly requests: Readonly<Record<Situation, Cost>>;
  /** To the reference: 0.5 is half of it. */
  readonly ratios: { readonly bundleBytes: number; readonly loadMillis: number; readonly cpuMicrosPerRecord: number };
}

export interface ConsumerResult {
  readonly bench: 'consumer';
  readonly date: string;
  readonly machine: Machine;
  readonly effort: Effort;
  readonly reference: Contestant;
  readonly contestants: Readonly<Record<Contestant, Measured>>;
}

const ROOT = join(import.meta.dirname, '..');
const OUTPUT = join(ROOT, '..', '.build', 'bench');

/** The same consumer three times, measured side by side. @param progress told what is measured now */
export async function benchConsumer(effort: Effort, progress: (text: string) => void): Promise<ConsumerResult> {
  progress('bundling, starting the services');
  const codeOf = bundleFunctions({ source: join(ROOT, 'functions'), output: OUTPUT });
  const fileOf = (name: Contestant) => join(codeOf(`consumer/${name}`), 'index.mjs');
  const urlOf = (name: Contestant) => pathToFileURL(fileOf(name)).href;
  const services = await startBenchServices();
  try {
    progress('counting requests');
    const requests = new Map<Contestant, Measured['requests']>();
    for (const name of CONTESTANTS) requests.set(name, await countRequests(name, urlOf(name), services));
    progress(`loading, ${effort.loads} times each`);
    const load = await interleaved(CONTESTANTS, effort.loads, async (name) =>
      Number(await outputOf('consumer/load.mjs', [urlOf(name)], environmentOf(name, services.url, services))),
    );
    progress(`CPU time, ${effort.cpuRounds} warm processes each`);
    const cpu = await interleaved(CONTESTANTS, effort.cpuRounds, (name, round) =>
      cpuMicrosPerRecord(name, urlOf(name), `${name}-${round}`, effort, services),
    );
    const bytesOf = (name: Contestant) => statSync(fileOf(name)).size;
    const measured = (name: Contestant): Measured => ({
      versions: { ...(name === 'sluice' ? { sluice: ownVersion() } : {}), ...versionsOf(PACKAGES[name]) },
      bundleBytes: bytesOf(name),
      loadMillis: summary(load[name]),
      cpuMicrosPerRecord: summary(cpu[name]),
      requests: requests.get(name) as Measured['requests'],
      ratios: {
        bundleBytes: bytesOf(name) / bytesOf(REFERENCE),
        loadMillis: ratio(load[name], load[REFERENCE]),
        cpuMicrosPerRecord: ratio(cpu[name], cpu[REFERENCE]),
      },
    });
    return {
      bench: 'consumer',
      date: new Date().toISOString(),
      machine: machine(),
      effort,
      reference: REFERENCE,
      contestants: { sluice: measured('sluice'), powertools: measured('powertools'), middy: measured('middy') },
    };
  } finally {
    await services.close();
  }
}

/**
 * CPU time, user and system, that a warm function spends on a message of a good batch of ten.
 * @param messages begins their ids: those of another process are others
 */
export async function cpuMicrosPerRecord(
  name: Contestant,
  bundle: string,
  messages: string,
  { warmUp, batches }: Effort,
  services: BenchServices,
): Promise<number> {
  const env = environmentOf(name, services.url, services);
  const { child } = await startChild<Request, Answer, 'ready'>('consumer/function-process.ts', [bundle], env);
  const answer = await child.ask({ measure: { name: messages, warmUp, batches } });
  await child.close();
  if (!('cpuMicrosPerRecord' in answer)) throw new Error(`${name} answered ${BATCH_SIZE} messages with something else`);
  return answer.cpuMicrosPerRecord;
}
