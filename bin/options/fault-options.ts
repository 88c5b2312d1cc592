import { randomInt } from 'node:crypto';
import { InvalidArgumentError, Option } from 'commander';
import {
  FAULT_KIND_NAMES,
  FAULT_KINDS,
  type FaultRates,
  type RandomFaults,
  readFaultRates,
} from '../../lib/local/faults.ts';

/** Faults as the command line asks for them. */
export interface FaultOptions {
  readonly faults?: FaultRates;
  readonly seed?: number;
}

const LARGEST_SEED = 2 ** 31;

export const faultRates = () =>
  new Option(
    '--faults <rates>',
    'let things go wrong by chance: a rate for all kinds, or kind=rate,kind=rate',
  ).argParser(readRates);
export const faultSeed = () =>
  new Option('--seed <n>', 'which faults: the same seed gives the same').argParser(readSeed).default(undefined, 'any');

/** For the end of a help text. */
export const FAULTS_HELP = `
Faults (each with its part of a rate for all kinds):
${FAULT_KIND_NAMES.map((name) => `  ${name.padEnd(14)} ${FAULT_KINDS[name].effect} (x ${FAULT_KINDS[name].share})`).join('\n')}`;

/**
 * The faults that were asked for, with a seed in any case.
 * @throws Error when there is a seed for no faults
 */
export function plannedFaults({ faults, seed }: FaultOptions): RandomFaults | undefined {
  if (faults !== undefined) return { rates: faults, seed: seed ?? randomInt(LARGEST_SEED) };
  if (seed === undefined) return undefined;
  throw new Error(`--seed ${seed} chooses among faults; say which with --faults, such as --faults 0.01`);
}

/** One line about the faults, with the seed that brings them back. */
export const faultsInWords = ({ rates, seed }: RandomFaults): string =>
  `Faults by chance: ${Object.entries(rates)
    .map(([kind, rate]) => `${kind} ${rate}`)
    .join(', ')}. Again with: --seed ${seed}`;

function readRates(text: string): FaultRates {
  try {
    return readFaultRates(text);
  } catch (error) {
    if (error instanceof RangeError) throw new InvalidArgumentError(`${error.message}.`);
    throw error;
  }
}

function readSeed(text: string): number {
  const seed = Number(text);
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(seed)) return seed;
  throw new InvalidArgumentError('the seed must be a whole number.');
}
