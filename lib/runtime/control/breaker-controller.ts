import {
  LambdaClient,
  UpdateEventSourceMappingCommand,
  type UpdateEventSourceMappingCommandInput,
} from '@aws-sdk/client-lambda';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { ENV } from '../../contracts/agreed/environment.ts';
import { INBOX_TABLE } from '../../contracts/agreed/tables.ts';
import { LAMBDA } from '../../contracts/declaring/limits.ts';
import { type Dynamodb, dynamodbOver, readItems } from '../aws/dynamodb.ts';
import { deadline, NO_EARLY_TIMEOUT } from '../invocation/deadline.ts';
import { requiredEnv } from '../invocation/environment.ts';
import { toError } from '../invocation/outcomes.ts';
import { patientRuntime } from '../invocation/patience.ts';
import { lambda, type Runtime } from '../invocation/runtime.ts';
import { logger } from '../invocation/telemetry.ts';
import { breakerKey, wasRefused } from './control-items.ts';

const { partitionKey: PK } = INBOX_TABLE;

/** How a mapping is to run: off while a breaker is open, on trial when its pause has passed, on otherwise. */
export type MappingMode = 'off' | 'trial' | 'on';

/** A mapping as it is declared: what it goes back to. */
export interface DeclaredMapping {
  readonly id: string;
  /** A stream's mapping has no concurrency to limit: it has a batch per shard. @default 'queue' */
  readonly source?: 'queue' | 'stream';
  readonly batchSize: number;
  readonly maximumConcurrency?: number | undefined;
}

const markKey = (subscription: string): string => `mapping!${subscription}`;

/** Switches a mapping. Doing so again changes nothing. @param signal fires when nobody waits for it any more */
export type SwitchMapping = (mapping: DeclaredMapping, mode: MappingMode, signal?: AbortSignal) => Promise<void>;

/**
 * What a mapping is told. On trial it takes one message at a time: as few as possible pay with a receive for a dependency that is
 * still down. https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html
 */
export function mappingUpdate(
  { id, source = 'queue', batchSize, maximumConcurrency }: DeclaredMapping,
  mode: MappingMode,
): UpdateEventSourceMappingCommandInput {
  const update = { UUID: id, Enabled: mode !== 'off', BatchSize: mode === 'on' ? batchSize : 1 };
  if (source === 'stream') return update;
  const concurrency = mode === 'on' ? maximumConcurrency : LAMBDA.minMappingConcurrency;
  return { ...update, ScalingConfig: concurrency === undefined ? {} : { MaximumConcurrency: concurrency } };
}

function lambdaSwitch(): SwitchMapping {
  let client: LambdaClient | undefined;
  return async (mapping, mode, abortSignal) => {
    client ??= new LambdaClient({});
    await client.send(new UpdateEventSourceMappingCommand(mappingUpdate(mapping, mode)), { abortSignal });
  };
}

/**
 * Lambda handler, called when a breaker opens or closes and every minute. The mapping of an open breaker is disabled, so that its
 * messages stay in the queue unreceived; when the pause has passed it runs on trial, and when the breaker has closed as declared.
 * Several may run at once: each switches by what the breaker says now, at every call again until the breaker has been closed for
 * longer than a controller lives. The trouble of one mapping, or its silence, keeps no other waiting.
 * @throws Error at the end, naming the mappings that could not be switched: the next run tries again
 */
export function controlBreakers(runtime: Runtime = lambda, switchMapping: SwitchMapping = lambdaSwitch()) {
  const table = requiredEnv(ENV.inboxTable, 'which table keeps the breakers', runtime.env);
  const watched = JSON.parse(
    requiredEnv(ENV.mappings, 'which mapping belongs to which subscription', runtime.env),
  ) as Record<string, DeclaredMapping>;
  const log = logger({ function: 'breaker-controller' }, runtime.write);

  return middy(async (_event: unknown, context: Context): Promise<{ switched: Record<string, MappingMode> }> => {
    const switched: Record<string, MappingMode> = {};
    const failed = new Map<string, Error>();
    let waiting = Object.entries(watched);
    for (let round = 1; waiting.length > 0 && round <= ROUNDS; round++) {
      if (round > 1) await runtime.sleep(PAUSE_MILLIS);
      const inUse: typeof waiting = [];
      for (const [i, [subscription, mapping]] of waiting.entries()) {
        const share = context.getRemainingTimeInMillis() / (waiting.length - i + 1);
        try {
          const mode = await inTime(context, share, (limits) => control(subscription, mapping, limits));
          if (mode === 'in-use') inUse.push([subscription, mapping]);
          else if (mode !== undefined) switched[subscription] = mode;
        } catch (thrown) {
          failed.set(subscription, toError(thrown));
        }
      }
      waiting = inUse;
    }
    for (const [subscription, { id }] of waiting)
      log('warn', 'mapping is in use; the next run tries again', { subscription, mappingId: id });
    if (failed.size > 0) {
      const why = [...failed].map(([subscription, { message }]) => `${subscription} (${message})`).join(', ');
      throw new AggregateError(
        failed.values(),
        `${failed.size} of ${Object.keys(watched).length} mappings could not be switched: ${why}`,
      );
    }
    return { switched };
  }, NO_EARLY_TIMEOUT);

  /** Waits for one mapping no longer than its share of the time. */
  async function inTime<T>(context: Context, millis: number, run: (limits: Limits) => Promise<T>): Promise<T> {
    const end = context.getRemainingTimeInMillis() - millis;
    const limit = deadline(runtime, context, end);
    const calls = { millisLeft: () => context.getRemainingTimeInMillis() - end };
    const { aws, id } = patientRuntime(runtime, { calls, tries: calls });
    const work = run({ signal: limit.signal, dynamodb: dynamodbOver(aws, id) });
    try {
      return await limit.within(work, () => new Error(`no answer in ${Math.round(millis)} ms`));
    } finally {
      limit.stop();
    }
  }

  /** @returns how the mapping runs now; undefined when it was left alone, `in-use` when it has to be tried again */
  async function control(
    subscription: string,
    mapping: DeclaredMapping,
    { signal, dynamodb }: Limits,
  ): Promise<MappingMode | 'in-use' | undefined> {
    const { openUntil, mark } = await read(dynamodb, table, subscription, runtime);
    const mode = openUntil === undefined ? 'on' : runtime.now() < openUntil ? 'off' : 'trial';
    // Without a mark the mapping was not touched here: what a person has switched off stays off.
    if (mode === 'on' && mark === undefined) return undefined;
    const Key = { [PK]: markKey(subscription) };
    // The mark goes first on the way down and last on the way up: a crash between leaves a mapping that is looked after.
    if (mode !== 'on') {
      const mine: Mark = { mode, mark: runtime.id(), at: runtime.now() };
      await dynamodb('PutItem', { TableName: table, Item: { ...Key, ...mine } });
    }
    // Nobody waits any more: whoever looks after the mapping now may know better.
    signal.throwIfAborted();
    if (mode !== mark?.mode) log('warn', `mapping ${mode}`, { subscription, mappingId: mapping.id });
    try {
      await switchMapping(mapping, mode, signal);
    } catch (error) {
      if (error instanceof Error && error.name === IN_USE) return 'in-use';
      throw error;
    }
    if (mode === 'on' && mark !== undefined && !signal.aborted) await unmark(dynamodb, Key, mark);
    return mode;
  }

  /**
   * Only the mark that was read: a newer one says that the breaker has opened again meanwhile. And only when whoever set it has
   * ended: its own switch may be under way still, and then somebody must see the mapping again.
   */
  async function unmark(dynamodb: Dynamodb, Key: Record<string, string>, mark: Mark): Promise<void> {
    const ifUnchanged = {
      TableName: table,
      ConditionExpression: '#mark = :mark',
      ExpressionAttributeNames: { '#mark': 'mark' },
      ExpressionAttributeValues: { ':mark': mark.mark },
    };
    try {
      if (runtime.now() - mark.at > LONGEST_CONTROLLER_MILLIS) await dynamodb('DeleteItem', { ...ifUnchanged, Key });
      else await dynamodb('PutItem', { ...ifUnchanged, Item: { ...Key, ...mark, mode: 'on' } });
    } catch (error) {
      if (!wasRefused(error)) throw error;
    }
  }
}

/**
 * A mapping takes no change while another is under way. That is over in seconds; a mapping must not keep the others waiting meanwhile.
 * https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html
 */
const IN_USE = 'ResourceInUseException';
/** All rounds together are well within the controller's timeout of 30 s. */
const ROUNDS = 10;
const PAUSE_MILLIS = 1_500;

/** No controller runs this long, clocks that differ included: its function times out before. */
const LONGEST_CONTROLLER_MILLIS = 90_000;

/** The time of one mapping. */
interface Limits {
  /** Fires when it is up. */
  readonly signal: AbortSignal;
  /** Its calls end with it. */
  readonly dynamodb: Dynamodb;
}

/** What the controller has done to a mapping that it will undo. */
interface Mark {
  readonly mode: MappingMode;
  readonly mark: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

async function read(dynamodb: Dynamodb, table: string, subscription: string, runtime: Runtime) {
  const Keys = [{ [PK]: breakerKey({ name: subscription }) }, { [PK]: markKey(subscription) }];
  const found = new Map((await readItems(dynamodb, table, Keys, runtime)).map((item) => [item[PK], item]));
  return {
    openUntil: found.get(breakerKey({ name: subscription }))?.openUntil as number | undefined,
    mark: found.get(markKey(subscription)) as Mark | undefined,
  };
}
