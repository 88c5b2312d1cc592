import type { JsonObject } from '../json.ts';
import { textAt } from '../json.ts';
import type { FunctionDefinition } from '../lambda/definition.ts';
import { LambdaApiError } from '../lambda/errors.ts';
import { functionArn, functionNameOf } from '../lambda/function-names.ts';
import type { State } from '../state/state.ts';
import { readMappingConfig, sourceKind } from './configuration/config.ts';
import type { MappingConfig, MappingContext, RunningMapping } from './configuration/mapping.ts';
import { keepMappings } from './mappings-state.ts';
import { runQueueMapping } from './queues/queue-mapping.ts';
import { checkSource } from './source-check.ts';
import { dynamodbSource } from './streams/dynamodb-source.ts';
import { kinesisSource } from './streams/kinesis-source.ts';
import type { StreamProgress } from './streams/stream-mapping.ts';
import { runStreamMapping } from './streams/stream-mapping.ts';

export type MappingState = 'Creating' | 'Enabled' | 'Disabling' | 'Disabled' | 'Enabling' | 'Updating' | 'Deleting';

/** A mapping and what has become of it. */
export interface MappingEntry {
  readonly config: MappingConfig;
  readonly state: MappingState;
  /** Epoch milliseconds. */
  readonly lastModified: number;
  readonly lastResult: string;
}

/** All event source mappings. */
export interface Mappings {
  /**
   * Adds a mapping from the parameters of CreateEventSourceMapping (or the CloudFormation resource).
   * It starts at once when `start` has been called, otherwise then.
   * @throws LambdaApiError
   */
  create(input: JsonObject): Promise<MappingEntry>;
  /** @throws LambdaApiError ResourceNotFoundException, InvalidParameterValueException, ResourceInUseException while another change is under way */
  update(uuid: string, input: JsonObject): Promise<MappingEntry>;
  /** For deployments: sets a mapping to exactly these settings, what is absent gets its default. Waits its turn. @throws as `update` otherwise */
  configure(uuid: string, input: JsonObject): Promise<MappingEntry>;
  /** @throws LambdaApiError ResourceNotFoundException, ResourceInUseException */
  remove(uuid: string): Promise<MappingEntry>;
  /** Resolves when the changes asked for so far are done. Unknown ids are ignored. */
  settled(uuid: string): Promise<void>;
  get(uuid: string): MappingEntry;
  list(): readonly MappingEntry[];
  /** Starts all that are enabled; resolves once each has taken its position. */
  start(): Promise<void>;
  /** Stops polling at once; resolves when the batches in flight are done. */
  close(): Promise<void>;
}

interface Entry {
  config: MappingConfig;
  state: MappingState;
  lastModified: number;
  lastResult: string;
  readonly progress: StreamProgress;
  running: RunningMapping | undefined;
  /** Changes of one mapping happen one after the other. */
  change: Promise<void>;
}

/** States in which no change is under way. */
const SETTLED: ReadonlySet<MappingState> = new Set(['Enabled', 'Disabled']);
/** Session of the role in which a mapping polls. */
const POLLER_SESSION = 'awslambda';

/** @param state keeps mappings and their positions over a restart */
export function createMappings(context: MappingContext, state?: State): Mappings {
  const kept = state && keepMappings(state);
  const entries = new Map<string, Entry>();
  for (const { config, lastModified, progress } of kept?.load() ?? []) {
    entries.set(config.uuid, entryOf(config, lastModified, progress));
  }
  let started = false;

  const show = ({ config, state, lastModified, lastResult, running }: Entry): MappingEntry => ({
    config,
    state,
    lastModified,
    lastResult: running?.lastResult() ?? lastResult,
  });

  function find(uuid: string): Entry {
    const entry = entries.get(uuid);
    if (!entry)
      throw new LambdaApiError(404, 'ResourceNotFoundException', 'The resource you requested does not exist.', {
        Type: 'User',
      });
    return entry;
  }

  async function run(entry: Entry): Promise<void> {
    const { config, progress } = entry;
    const kind = sourceKind(config.eventSourceArn);
    const roleArn = context.functions.find(config.functionArn)?.roleArn ?? '';
    // A consumer with enhanced fan-out is pushed to: what its role may do was asked when the mapping was made.
    const pushed = config.eventSourceArn.includes('/consumer/');
    const functions = context.deliveries(kind !== 'sqs' || config.eventSourceArn.endsWith('.fifo'));
    const calls = pushed ? context.calls : context.callsAs(roleArn, POLLER_SESSION, functionNameOf(config.functionArn));
    const own: MappingContext = { ...context, functions, calls };
    if (kind === 'sqs') entry.running = runQueueMapping(config, own);
    else {
      const source = (kind === 'kinesis' ? kinesisSource : dynamodbSource)(config.eventSourceArn, own);
      entry.running = runStreamMapping(config, own, source, progress, (shardId, shardProgress) =>
        kept?.putProgress(config.uuid, shardId, shardProgress),
      );
    }
    await entry.running.ready;
    entry.state = 'Enabled';
  }

  async function halt(entry: Entry, abandon: boolean): Promise<void> {
    const { running } = entry;
    if (!running) return;
    await running.stop(abandon);
    entry.lastResult = running.lastResult();
    entry.running = undefined;
  }

  function schedule(entry: Entry, state: MappingState, change: () => Promise<void>): void {
    entry.state = state;
    entry.lastModified = Date.now();
    entry.change = entry.change.then(change).catch((error: unknown) => {
      entry.lastResult = `PROBLEM: ${String(error)}`;
      entry.state = entry.running === undefined ? 'Disabled' : 'Enabled';
      context.report(`Mapping of ${entry.config.eventSourceArn} to ${entry.config.functionArn}: ${String(error)}`);
    });
  }

  /** Mappings of a template are looked at when all of its policies are there: see provision/permissions.ts. */
  function checkRole(config: MappingConfig, definition: FunctionDefinition): void {
    const missing = started ? context.missingPermissions(config, definition) : [];
    if (missing.length === 0) return;
    const stream = `Cannot access stream ${config.eventSourceArn}. Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, ListShards, and ListStreams Actions on your stream in IAM.`;
    const queue = 'The function execution role does not have permissions to call ReceiveMessage on SQS.';
    const message = `${sourceKind(config.eventSourceArn) === 'sqs' ? queue : stream} ${missing.join(' ')}`;
    throw new LambdaApiError(400, 'InvalidParameterValueException', message, { Type: 'User' });
  }

  /** @param previous keeps what the input does not say */
  async function change(uuid: string, input: JsonObject, previous: MappingConfig | undefined): Promise<MappingEntry> {
    const entry = find(uuid);
    const definition = context.functions.find(textAt(input, 'FunctionName') ?? entry.config.functionArn);
    if (!definition) {
      const message = `Function not found: ${textAt(input, 'FunctionName')}`;
      throw new LambdaApiError(404, 'ResourceNotFoundException', message, { Type: 'User' });
    }
    const wanted = { ...input, EventSourceArn: entry.config.eventSourceArn };
    const config = { ...readMappingConfig(wanted, definition, previous), uuid };
    await checkSource(config, definition, context);
    checkRole(config, definition);
    kept?.put({ config, lastModified: Date.now() });
    const state = config.enabled ? (entry.config.enabled ? 'Updating' : 'Enabling') : 'Disabling';
    schedule(entry, state, async () => {
      await halt(entry, false);
      entry.config = config;
      if (config.enabled && started) await run(entry);
      else entry.state = config.enabled ? 'Creating' : 'Disabled';
    });
    return { ...show(entry), config };
  }

  /** A change takes its time; until it is over AWS takes no other. https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html */
  function notInUse(uuid: string, what: string): void {
    if (!started || SETTLED.has(find(uuid).state)) return;
    const message = `Cannot ${what} the event source mapping because it is in use.`;
    throw new LambdaApiError(400, 'ResourceInUseException', message, { Type: 'User' });
  }

  return {
    async create(input) {
      const name = textAt(input, 'FunctionName') ?? '';
      const definition = context.functions.find(name);
      if (!definition) {
        const arn = functionArn(context, functionNameOf(name));
        throw new LambdaApiError(404, 'ResourceNotFoundException', `Function not found: ${arn}`, { Type: 'User' });
      }
      const config = readMappingConfig(input, definition);
      await checkSource(config, definition, context);
      const twin = [...entries.values()].find(
        ({ config: other }) =>
          other.eventSourceArn === config.eventSourceArn && other.functionArn === config.functionArn,
      );
      if (twin) {
        throw new LambdaApiError(409, 'ResourceConflictException', duplicate(twin.config, definition.name), {
          Type: 'User',
        });
      }
      checkRole(config, definition);
      const entry = entryOf(config, Date.now(), new Map());
      entries.set(config.uuid, entry);
      kept?.put(entry);
      if (started && config.enabled) schedule(entry, 'Creating', () => run(entry));
      return show(entry);
    },
    async update(uuid, input) {
      notInUse(uuid, 'update');
      return change(uuid, input, find(uuid).config);
    },
    async remove(uuid) {
      const entry = find(uuid);
      notInUse(uuid, 'delete');
      kept?.delete(uuid);
      schedule(entry, 'Deleting', async () => {
        await halt(entry, false);
        entries.delete(uuid);
        // Once more: until now the batch in flight has moved the position.
        kept?.delete(uuid);
      });
      return show(entry);
    },
    configure: (uuid, input) => change(uuid, input, undefined),
    async settled(uuid) {
      await entries.get(uuid)?.change;
    },
    get: (uuid) => show(find(uuid)),
    list: () => [...entries.values()].map(show),
    async start() {
      started = true;
      await Promise.all([...entries.values()].filter((entry) => entry.config.enabled).map(run));
    },
    async close() {
      const all = [...entries.values()];
      entries.clear();
      await Promise.all(all.map((entry) => halt(entry, true)));
    },
  };
}

function entryOf(config: MappingConfig, lastModified: number, progress: StreamProgress): Entry {
  return {
    config,
    state: config.enabled ? 'Creating' : 'Disabled',
    lastModified,
    lastResult: 'No records processed',
    progress,
    running: undefined,
    change: Promise.resolve(),
  };
}

/** AWS words it in one way for queues and in another for streams. */
function duplicate({ eventSourceArn, uuid }: MappingConfig, functionName: string): string {
  const pair = `(" ${eventSourceArn} ") and function (" ${functionName} ")`;
  const advice = `Please update or delete the existing mapping with UUID ${uuid}`;
  return sourceKind(eventSourceArn) === 'sqs'
    ? `An event source mapping with SQS arn ${pair} already exists. ${advice}`
    : `The event source arn ${pair} provided mapping already exists. ${advice}`;
}
