import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { InvalidArgumentError } from 'commander';
import type { AnyEventType } from '../../lib/contracts/events/event.ts';
import type { SystemContract } from '../../lib/contracts/system.ts';
import { awsOverSdk } from '../../lib/operations/deployed/aws-over-sdk.ts';
import { openClients } from '../../lib/operations/deployed/clients.ts';
import { type Place, placeInWords } from '../../lib/operations/deployed/deployment.ts';
import {
  type ChangeParked,
  editHead,
  headOf,
  type ParkedHead,
  readEdit,
  skipHead,
} from '../../lib/operations/parked/change-parked.ts';
import { consumerFor, here, type ParkedWorld, targetOf, type Where } from '../apps/parked-world.ts';
import { lineDiff } from '../terminal/line-diff.ts';
import { openTerminal } from '../terminal/terminal.ts';

interface ChangeOptions extends Where {
  /** @default the user's name */
  readonly by?: string;
  readonly yes: boolean;
}

export interface SkipOptions extends ChangeOptions {
  readonly drop: boolean;
}

/**
 * Takes the first message of a parked key out, after showing which and asking.
 * @returns 0 when it is out; 1 when nobody agreed
 */
export async function parkedSkip(
  subscription: string,
  key: string,
  options: SkipOptions,
  given: ParkedWorld | Promise<ParkedWorld> = here(),
): Promise<number> {
  const world = await given;
  return changing('Skipping a message of', subscription, options, world, async (change, target) => {
    const head = await headOf(change, key);
    const { drop } = options;
    if (!options.json) world.print(describe(head));
    const to = drop ? 'and keep it nowhere' : 'to the dead letters';
    const question = `Skip message ${head.row.number} under key '${key}' of '${subscription}' ${to}?`;
    if (!(await agreed(question, 'Nothing was skipped', options, world))) return 1;
    const changed = await skipHead(change, head, { by: byOf(options), drop });
    const left = head.lot.last - head.row.number;
    if (options.json) world.print(JSON.stringify({ subscription, key, ...changed, left, target }));
    else
      world.print(
        `${key}: message ${changed.number} ${changed.what}, ${left} left. The key is still parked: npx sluice parked resume ${subscription} '${key}'`,
      );
    return 0;
  });
}

export interface EditOptions extends ChangeOptions {
  readonly file?: string;
  readonly save?: string;
}

/**
 * Gives the first message of a parked key another body, after showing what differs and asking; or only writes the body to a file.
 * @returns 0 when that is done; 1 when nobody agreed
 */
export async function parkedEdit(
  subscription: string,
  key: string,
  options: EditOptions,
  given: ParkedWorld | Promise<ParkedWorld> = here(),
): Promise<number> {
  const world = await given;
  const { file, save } = options;
  if ((file === undefined) === (save === undefined))
    throw new InvalidArgumentError('name the new body with --file, or where to write the present one with --save');
  return changing(
    save === undefined ? 'Editing a message of' : 'Reading a message of',
    subscription,
    options,
    world,
    async (change, target) => {
      const head = await headOf(change, key);
      if (save !== undefined) {
        writeFileSync(save, `${pretty(head.message.body)}\n`, { mode: OWNER_ONLY });
        if (options.json) world.print(JSON.stringify({ subscription, key, number: head.row.number, saved: save }));
        else world.print(`${describe(head)}\nwritten to ${save}; edit it, then name it with --file`);
        return 0;
      }
      const edit = await readEdit(
        change,
        head,
        contentOf(file ?? ''),
        eventsOf(
          subscription,
          world.systems.map(({ contract }) => contract),
        ),
      );
      const difference = lineDiff(pretty(head.message.body), pretty(edit.body));
      if (!options.json) world.print([describe(head), ...difference].join('\n'));
      const question = `Give message ${head.row.number} under key '${key}' of '${subscription}' this body?`;
      if (!(await agreed(question, 'Nothing was changed', options, world))) return 1;
      const changed = await editHead(change, head, edit, byOf(options));
      if (options.json) world.print(JSON.stringify({ subscription, key, ...changed, difference, target }));
      else
        world.print(
          `${key}: message ${changed.number} edited, its original is kept beside it. Have it handled: npx sluice parked resume ${subscription} '${key}'`,
        );
      return 0;
    },
  );
}

/** A body may hold personal data. */
const OWNER_ONLY = 0o600;

/** @param doing what the command is about to do, for the line that says where */
async function changing(
  doing: string,
  subscription: string,
  options: ChangeOptions,
  { systems }: ParkedWorld,
  run: (change: ChangeParked, target: Place) => Promise<number>,
): Promise<number> {
  const clients = openClients();
  const sdk = { dynamodb: new DynamoDBClient({}), sqs: new SQSClient({}), s3: new S3Client({ forcePathStyle: true }) };
  try {
    const target = await targetOf(subscription, options, systems, 'DYNAMODB');
    openTerminal(options).note(`${doing} '${subscription}': ${placeInWords(target)}`);
    const consumer = await consumerFor(clients, subscription, options, systems);
    return await run({ aws: awsOverSdk(sdk), now: Date.now, id: randomUUID, consumer }, target);
  } finally {
    clients.close();
    for (const client of Object.values(sdk)) client.destroy();
  }
}

async function agreed(
  question: string,
  otherwise: string,
  options: ChangeOptions,
  { confirm }: ParkedWorld,
): Promise<boolean> {
  if (options.yes || (await confirm(question))) return true;
  openTerminal(options).note(`${otherwise}. Agree to the question, or add --yes`);
  return false;
}

const byOf = ({ by }: ChangeOptions): string => by ?? userInfo().username;

function describe({ key, row, lot, eventId, eventType = 'no type', message }: ParkedHead): string {
  const what = eventId === undefined ? `message ${message.id}` : `event ${eventId}`;
  const edited = row.edits === undefined ? '' : `, edited ${row.edits} times`;
  return `${key}: message ${row.number} of ${lot.last}: ${what} (${eventType}), parked ${row.parkedAt}${edited}: ${row.reason ?? 'not tried yet'}`;
}

function contentOf(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new Error(`--file ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** With every digit as it stands: a number that JavaScript rounds must not be written back so. */
function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body, asWritten as never), undefined, 2);
  } catch {
    return body; // Not JSON: very likely why it is parked.
  }
}

/** https://developer.mozilla.org/en-US/docs/Web/JavaScript/Reference/Global_Objects/JSON/rawJSON */
const { rawJSON } = JSON as unknown as { readonly rawJSON: (source: string) => unknown };
const asWritten = (_: string, value: unknown, { source }: { readonly source?: string }): unknown =>
  typeof value === 'number' && source !== undefined ? rawJSON(source) : value;

function eventsOf(subscription: string, systems: readonly SystemContract[]): readonly AnyEventType[] {
  const found = systems.flatMap(({ subscriptions }) => subscriptions).find(({ name }) => name === subscription);
  if (found !== undefined) return found.to.events;
  throw new Error(
    `no system here declares subscription '${subscription}', so that nobody knows its schema: edit where it is declared`,
  );
}
