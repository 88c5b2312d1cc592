import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MINISTACK } from '../../test/compatible/ministack.ts';
import { type Machine, machine, ownVersion } from '../machine.ts';
import { synthesise } from './app.ts';
import { type Running, startMinistackWith, startSluice } from './emulators.ts';
import { type Load, loadOn, steadily } from './load.ts';

/** How much is sent to each emulator. */
export interface Effort {
  readonly messagesPerSecond: number;
  readonly eventsPerSecond: number;
  readonly seconds: number;
  readonly backlog: number;
}

export const LONG: Effort = { messagesPerSecond: 1_000, eventsPerSecond: 10_000, seconds: 60, backlog: 100_000 };
export const BRIEF: Effort = { messagesPerSecond: 1_000, eventsPerSecond: 10_000, seconds: 5, backlog: 5_000 };

/** A steady load and what came through. */
export interface Flow {
  readonly offeredPerSecond: number;
  readonly seconds: number;
  readonly sent: number;
  /** Handled by the time the last one was sent. */
  readonly handledMeanwhile: number;
  readonly handledPerSecond: number;
  /** From the last one sent to the last one handled; undefined: not done when the patience ended. */
  readonly drainSeconds: number | undefined;
  readonly handled: number;
}

export interface Measured {
  readonly version: string;
  readonly startSeconds: number;
  readonly queue: Flow;
  readonly log: Flow;
  readonly idleMegabytes: number;
  readonly backlog: { readonly messages: number; readonly megabytes: number };
  /** After the load: its rows are kept, its functions warm. */
  readonly loadedMegabytes: number;
}

export interface ThroughputResult {
  readonly date: string;
  readonly machine: Machine;
  readonly emulators: Readonly<Record<'sluice' | 'ministack', Measured>>;
}

const BYTES_PER_MB = 1_000_000;
const POLL_MS = 250;
/** How long after the load an emulator is waited for. */
const PATIENCE_SECONDS = 20;

const EMULATORS = {
  sluice: { start: startSluice, version: ownVersion },
  ministack: { start: startMinistackWith, version: () => MINISTACK.version },
} as const;

/** The same app under the same load on both emulators, one after the other. */
export async function benchThroughput(effort: Effort, progress: (text: string) => void): Promise<ThroughputResult> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-throughput-'));
  try {
    const assembly = synthesise(folder);
    const measured: Partial<Record<keyof typeof EMULATORS, Measured>> = {};
    for (const [name, { start, version }] of Object.entries(EMULATORS)) {
      const say = (text: string) => progress(`${name}: ${text}`);
      measured[name as keyof typeof EMULATORS] = {
        version: version(),
        ...(await measure(start, assembly, effort, say)),
      };
    }
    return {
      date: new Date().toISOString().slice(0, 10),
      machine: machine(),
      emulators: measured as ThroughputResult['emulators'],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(
  start: (assembly: string) => Promise<Running>,
  assembly: string,
  effort: Effort,
  say: (text: string) => void,
): Promise<Omit<Measured, 'version'>> {
  say('starts');
  const before = performance.now();
  const running = await start(assembly);
  const startSeconds = (performance.now() - before) / 1_000;
  const load = loadOn(running.url, running.places);
  try {
    const idleMegabytes = (await running.memory()) / BYTES_PER_MB;
    say(`a backlog of ${effort.backlog}`);
    const backlog = await pileUp(load, running, effort.backlog);
    say(`${effort.messagesPerSecond} messages a second for ${effort.seconds} s`);
    const queue = await flow(load.messages, effort.messagesPerSecond, effort.seconds, () => load.rows());
    say(`${effort.eventsPerSecond} events a second for ${effort.seconds} s`);
    const log = await flow(load.events, effort.eventsPerSecond, effort.seconds, () => load.tallied());
    const loadedMegabytes = (await running.memory()) / BYTES_PER_MB;
    return { startSeconds, queue, log, idleMegabytes, backlog, loadedMegabytes };
  } finally {
    load.close();
    await running.close();
  }
}

async function flow(
  channel: Load['messages'],
  perSecond: number,
  seconds: number,
  handledSoFar: () => Promise<number>,
): Promise<Flow> {
  const { sent, seconds: took } = await steadily(channel, perSecond, seconds);
  const handledMeanwhile = await handledSoFar();
  const ended = performance.now();
  let handled = handledMeanwhile;
  let drainSeconds: number | undefined;
  for (;;) {
    const waited = (performance.now() - ended) / 1_000;
    if (handled >= sent) drainSeconds = waited;
    if (handled >= sent || waited > PATIENCE_SECONDS) break;
    await sleep(POLL_MS);
    handled = await handledSoFar();
  }
  return {
    offeredPerSecond: sent / took,
    seconds: took,
    sent,
    handledMeanwhile,
    handledPerSecond: handledMeanwhile / took,
    drainSeconds,
    handled,
  };
}

const FAST = 5_000;

/** Memory while messages lie in the queue and nobody takes them. The queue is empty afterwards. */
async function pileUp(load: Load, running: Running, size: number): Promise<Measured['backlog']> {
  await load.consume(false);
  await steadily(load.messages, FAST, size / FAST);
  const messages = await load.waiting();
  const megabytes = (await running.memory()) / BYTES_PER_MB;
  await load.purge();
  await load.consume(true);
  return { messages, megabytes };
}
