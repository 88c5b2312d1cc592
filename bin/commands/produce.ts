import { placeInWords } from '../../lib/operations/deployed/deployment.ts';
import { endlessly } from '../../lib/operations/systems/samples.ts';
import { isThrottled, patient, sendAll } from '../../lib/operations/systems/sending.ts';
import {
  type SampleProducer,
  type System,
  type SystemTools,
  stackNameOf,
} from '../../lib/operations/systems/system.ts';
import { openAccess } from '../../lib/operations/systems/world.ts';
import { type InputLine, readLines } from '../../lib/operations/traffic/ndjson.ts';
import { NoSystems, systemNamed, systemsOf, toolsOf } from '../config/systems.ts';
import { EXIT_INTERRUPTED, interrupted } from '../options/signals.ts';
import { openTerminal } from '../terminal/terminal.ts';

export interface ProduceOptions {
  /** Which of the system's sample producers. @default its first */
  readonly producer?: string;
  readonly file?: string;
  readonly rate?: number;
  readonly count?: number;
  /** Whether samples go out under identities of their own, or as they stand. @default new for the samples, as they stand for a file */
  readonly ids?: 'new' | 'same';
  /** Puts there what the samples need, and sends nothing. */
  readonly prepare: boolean;
  readonly stage: string;
  readonly json: boolean;
}

/** Requests in work at once: enough to keep a function busy, few enough for a laptop. */
const PARALLEL = 16;
const MAX_SHOWN = 5;

interface Produced {
  accepted: number;
  duplicates: number;
  readonly refused: Record<string, number>;
  broken: number;
  throttled: number;
}

/** Sends sample traffic of a system and says what became of each. @returns 0; 1 when a line was no JSON or a request failed; 130 when interrupted */
export async function produce(name: string, options: ProduceOptions): Promise<number> {
  const system = systemNamed(await systemsOf(), name);
  const tools = await toolsOf(system);
  const producer = producerOf(system, tools, options.producer);
  const { signal } = interrupted();
  const { requests, broken } = await readRequests(producer, options);
  if (options.prepare) return prepare(system, tools, requests, options);
  const terminal = openTerminal(options);
  const chosen = [...chosenOf(producer, requests, options)];
  const stackName = stackNameOf(system, options.stage);
  const { access, place } = await openAccess(stackName);
  const target = place('LAMBDA');
  terminal.note(`Sending ${chosen.length} ${producer.unit}: ${placeInWords(target)}`);
  const result: Produced = { accepted: 0, duplicates: 0, refused: {}, broken: broken.length, throttled: 0 };
  const sender = patient(producer.open(access), isThrottled, () => {
    result.throttled += 1;
  });
  const bar = terminal.progress('sending', chosen.length);
  try {
    await sendAll(producer, sender, chosen, { parallel: PARALLEL, perSecond: options.rate, signal }, ({ reply }) => {
      bar.step();
      const { outcome, reason = 'no reason' } = producer.answerOf(reply);
      if (outcome === 'refused') result.refused[reason] = (result.refused[reason] ?? 0) + 1;
      else if (outcome === 'duplicate') result.duplicates += 1;
      else result.accepted += 1;
    });
  } finally {
    bar.stop();
    sender.close();
    access.clients.close();
  }
  for (const { error } of broken.slice(0, MAX_SHOWN)) terminal.note(error);
  if (options.json) process.stdout.write(`${JSON.stringify({ ...result, target })}\n`);
  else process.stdout.write(describe(result));
  if (signal.aborted) return EXIT_INTERRUPTED;
  return broken.length === 0 ? 0 : 1;
}

function producerOf({ name }: System, { producers }: SystemTools, wanted: string | undefined): SampleProducer {
  const found = wanted === undefined ? Object.values(producers)[0] : producers[wanted];
  if (found !== undefined) return found;
  throw new NoSystems(
    `system '${name}' has no sample producer '${wanted}' (it has: ${Object.keys(producers).join(', ')}). Check the name.`,
  );
}

/**
 * The samples as they are sent. Under their own identities they are new once only: every run gives them others, and begins again when more are asked for
 * than there are.
 */
function* chosenOf(
  producer: SampleProducer,
  requests: readonly unknown[],
  { file, ids = file === undefined ? 'new' : 'same', count = requests.length }: ProduceOptions,
): Generator<unknown> {
  const all = ids === 'same' ? requests : endlessly(producer, requests, Date.now().toString(36));
  let sent = 0;
  for (const request of all) {
    if (sent++ >= count) return;
    yield request;
  }
}

function describe(result: Produced): string {
  const refusals = Object.entries(result.refused).map(([reason, count]) => `  refused, ${reason}: ${count}\n`);
  const before = result.duplicates > 0 ? `sent before: ${result.duplicates}\n` : '';
  const throttled =
    result.throttled > 0
      ? `throttled, and tried again: ${result.throttled} (the account has too few executions, or a table takes no more: npx sluice quotas)\n`
      : '';
  return `accepted: ${result.accepted}\n${before}${throttled}${refusals.join('')}${result.broken > 0 ? `not JSON: ${result.broken}\n` : ''}`;
}

/** Puts there what has to be there before the samples. */
async function prepare(
  system: System,
  { prepare: put }: SystemTools,
  requests: readonly unknown[],
  options: ProduceOptions,
): Promise<number> {
  if (put === undefined)
    throw new NoSystems(`the samples of system '${system.name}' need nothing: leave out --prepare`);
  const stackName = stackNameOf(system, options.stage);
  const { access, place } = await openAccess(stackName);
  const target = place('DYNAMODB');
  openTerminal(options).note(`Preparing: ${placeInWords(target)}`);
  try {
    const added = await put(access, requests);
    process.stdout.write(options.json ? `${JSON.stringify({ added, target })}\n` : `added: ${added}\n`);
    return 0;
  } finally {
    access.clients.close();
  }
}

type Broken = Extract<InputLine, { error: string }>;

async function readRequests(
  { file: samples, joined = (requests) => requests }: SampleProducer,
  { file = samples, count }: ProduceOptions,
): Promise<{ requests: readonly unknown[]; broken: Broken[] }> {
  const requests: unknown[] = [];
  const broken: Broken[] = [];
  for await (const line of readLines(file)) {
    if ('error' in line) broken.push(line);
    else requests.push(line.value);
    if (count !== undefined && requests.length >= count) break;
  }
  return { requests: joined(requests), broken };
}
