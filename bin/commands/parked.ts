import { InvalidArgumentError } from 'commander';
import { openClients } from '../../lib/operations/deployed/clients.ts';
import { placeInWords } from '../../lib/operations/deployed/deployment.ts';
import { listParked, type ParkedKey, parkedKey, parkedMessages } from '../../lib/operations/parked/parked.ts';
import { type Resumption, resumeParked } from '../../lib/operations/parked/resume-parked.ts';
import type { ParkedChange } from '../../lib/runtime/dead-letters/parking.ts';
import { consumerFor, everyConsumer, here, type ParkedWorld, targetOf, type Where } from '../apps/parked-world.ts';
import { EXIT_INTERRUPTED, interrupted } from '../options/signals.ts';
import { renderTable } from '../terminal/table.ts';
import { openTerminal } from '../terminal/terminal.ts';

interface Parked {
  readonly subscription: string;
  readonly keys: readonly ParkedKey[];
}

export interface ListOptions extends Where {
  readonly all: boolean;
}

/** Shows which keys are parked. @returns 0; how many there are is no failure */
export async function parkedList(
  subscription: string | undefined,
  options: ListOptions,
  given: ParkedWorld | Promise<ParkedWorld> = here(),
): Promise<number> {
  const world = await given;
  onlyOne('a subscription', subscription, options.all);
  const clients = openClients();
  try {
    const found: Parked[] = [];
    const consumers =
      subscription === undefined
        ? await everyConsumer(clients, options, world.systems)
        : [await consumerFor(clients, subscription, options, world.systems)];
    for (const consumer of consumers) {
      const keys = await listParked(clients.dynamodb, consumer.place);
      found.push({ subscription: consumer.subscription, keys });
    }
    if (options.json) world.print(JSON.stringify({ subscriptions: found }));
    else world.print(keysTable(found, options));
    return 0;
  } finally {
    clients.close();
  }
}

function keysTable(found: readonly Parked[], { json }: Where): string {
  const rows = found.flatMap(({ subscription, keys }) =>
    keys.map(({ key, messages, since = '', reason = '' }) => [subscription, key, String(messages), since, reason]),
  );
  if (rows.length === 0) return 'nothing is parked';
  return renderTable(openTerminal({ json }), ['subscription', 'key', 'messages', 'since', 'reason of the first'], rows);
}

export interface ShowOptions extends Where {
  readonly limit: number;
  readonly bodies: boolean;
}

/** Shows the messages under a key, in order, without their bodies unless asked for. @returns 0 */
export async function parkedShow(
  subscription: string,
  key: string,
  options: ShowOptions,
  given: ParkedWorld | Promise<ParkedWorld> = here(),
): Promise<number> {
  const world = await given;
  const clients = openClients();
  try {
    const consumer = await consumerFor(clients, subscription, options, world.systems);
    const { messages, changes } = await parkedKey(clients.dynamodb, consumer.place, key);
    const found = await parkedMessages(clients.dynamodb, consumer.place, key, options.limit);
    const shown = found.map(({ number, eventId, eventType, messageId, parkedAt, reason, body, original }) => ({
      ...{ number, eventId, eventType, messageId, parkedAt, reason },
      ...(options.bodies ? { body, ...(original === undefined ? {} : { original: original.body }) } : {}),
    }));
    if (options.json) {
      world.print(JSON.stringify({ subscription, key, messages, shown, changes }));
      return 0;
    }
    const head = ['number', 'event', 'type', 'parked', 'reason', ...(options.bodies ? ['body'] : [])];
    const rows = shown.map(({ number, eventId = '', eventType = '', messageId, parkedAt, reason = '', ...more }) => [
      ...[String(number), eventId || `message ${messageId}`, eventType, parkedAt, reason],
      ...('body' in more ? [String(more.body)] : []),
    ]);
    world.print(renderTable(openTerminal(options), head, rows));
    if (messages > shown.length) world.print(`and ${messages - shown.length} more; --limit shows them`);
    if (changes !== undefined) world.print(changesTable(changes, options));
    return 0;
  } finally {
    clients.close();
  }
}

function changesTable(changes: readonly ParkedChange[], { json }: Where): string {
  const rows = changes.map(({ at, by, what, number, eventId = '', reason = '' }) => [
    ...[at, by, what, String(number), eventId, reason],
  ]);
  return renderTable(openTerminal({ json }), ['when', 'who', 'what', 'number', 'event', 'reason'], rows);
}

export interface ResumeOptions extends Where {
  readonly all: boolean;
  readonly yes: boolean;
}

/**
 * Has parked keys handled again, in order, after showing which and asking.
 * @returns 0 when all of them flow again; 1 when one stays parked or nobody agreed; 130 when interrupted
 */
export async function parkedResume(
  subscription: string,
  key: string | undefined,
  options: ResumeOptions,
  given: ParkedWorld | Promise<ParkedWorld> = here(),
): Promise<number> {
  const world = await given;
  onlyOne('a key', key, options.all);
  const { signal } = interrupted();
  const clients = openClients();
  const terminal = openTerminal(options);
  try {
    const target = await targetOf(subscription, options, world.systems, 'LAMBDA');
    terminal.note(`Resuming '${subscription}': ${placeInWords(target)}`);
    const consumer = await consumerFor(clients, subscription, options, world.systems);
    const keys =
      key === undefined
        ? await listParked(clients.dynamodb, consumer.place)
        : [await parkedKey(clients.dynamodb, consumer.place, key)];
    if (!options.json) world.print(keysTable([{ subscription, keys }], options));
    const count = keys.reduce((sum, { messages }) => sum + messages, 0);
    const question = `Resume ${count} ${count === 1 ? 'message' : 'messages'} under ${keys.length} ${keys.length === 1 ? 'key' : 'keys'} of '${subscription}'?`;
    if (keys.length > 0 && !options.yes && !(await world.confirm(question))) {
      terminal.note('Nothing was resumed. Agree to the question, or add --yes');
      return 1;
    }
    const results: Resumption[] = [];
    const bar = terminal.progress('resuming', keys.length);
    try {
      for (const one of keys) {
        results.push(await resumeParked(clients, consumer, one.key, signal));
        bar.step();
      }
    } finally {
      bar.stop();
    }
    if (options.json) world.print(JSON.stringify({ subscription, keys: results, target }));
    else for (const result of results) world.print(describe(result));
    if (signal.aborted) return EXIT_INTERRUPTED;
    return results.every(({ released }) => released) ? 0 : 1;
  } finally {
    clients.close();
  }
}

function describe({ key, resumed, released, failed }: Resumption): string {
  const done = `${resumed} ${resumed === 1 ? 'message' : 'messages'} handled`;
  if (released) return `${key}: ${done}, the key flows again`;
  if (failed === undefined) return `${key}: ${done}, interrupted; the key is still parked`;
  const where = 'number' in failed ? `message ${failed.number} fails: ` : '';
  const why = failed.message === '' ? failed.reason : `${failed.reason} (${failed.message})`;
  return `${key}: ${done}, still parked: ${where}${why}`;
}

function onlyOne(what: string, given: string | undefined, all: boolean): void {
  if ((given === undefined) === all) return;
  throw new InvalidArgumentError(`name ${what}, or say --all (given ${all ? 'both' : 'neither'})`);
}
