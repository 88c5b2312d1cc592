import { GetEventSourceMappingCommand, LambdaClient, UpdateEventSourceMappingCommand } from '@aws-sdk/client-lambda';
import middy from '@middy/core';
import { ENV } from '../contracts/environment.ts';
import { LAMBDA } from '../contracts/limits.ts';
import { INBOX_TABLE } from '../contracts/tables.ts';
import { type Dynamodb, dynamodbOver, readItems } from './aws/dynamodb.ts';
import { breakerKey } from './control-items.ts';
import { requiredEnv } from './environment.ts';
import { lambda, type Runtime } from './runtime.ts';
import { logger } from './telemetry.ts';

const { partitionKey: PK } = INBOX_TABLE;

/** How a mapping is to run: off while a breaker is open, on trial when its pause has passed, on otherwise. */
export type MappingMode = 'off' | 'trial' | 'on';

/** What a mapping was before the controller changed it. */
export interface MappingSettings {
  readonly batchSize: number;
  readonly maximumConcurrency?: number | undefined;
}

/** The controller's mark on a mapping: what it did, and what to go back to. What a person switched off has none and stays off. */
interface Mark {
  readonly mode: Exclude<MappingMode, 'on'>;
  readonly before: MappingSettings;
  /** Whether the mapping is known to have been switched; until then it is switched again. */
  readonly done: boolean;
}

const markKey = (subscription: string): string => `mapping!${subscription}`;

/** The part of the Lambda API that the controller needs. */
export interface Mappings {
  read(mappingId: string): Promise<MappingSettings>;
  switch(mappingId: string, mode: MappingMode, before: MappingSettings): Promise<void>;
}

/**
 * On trial a mapping takes one message at a time: as few as possible pay with a receive for a dependency that is still down.
 * https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html
 */
function lambdaMappings(): Mappings {
  let client: LambdaClient | undefined;
  const connected = () => {
    client ??= new LambdaClient({});
    return client;
  };
  return {
    async read(UUID) {
      const { BatchSize, ScalingConfig } = await connected().send(new GetEventSourceMappingCommand({ UUID }));
      return { batchSize: BatchSize ?? 1, maximumConcurrency: ScalingConfig?.MaximumConcurrency };
    },
    async switch(UUID, mode, { batchSize, maximumConcurrency }) {
      const least = { BatchSize: 1, ScalingConfig: { MaximumConcurrency: LAMBDA.minMappingConcurrency } };
      const restored = {
        BatchSize: batchSize,
        ScalingConfig: maximumConcurrency === undefined ? {} : { MaximumConcurrency: maximumConcurrency },
      };
      const change = mode === 'on' ? restored : least;
      await connected().send(new UpdateEventSourceMappingCommand({ UUID, Enabled: mode !== 'off', ...change }));
    },
  };
}

/**
 * Lambda handler, called when a breaker opens or closes and every minute. The mapping of an open breaker is disabled, so that its
 * messages stay in the queue unreceived; when the pause has passed it runs on trial, and when the breaker has closed as before.
 */
export function controlBreakers(runtime: Runtime = lambda, mappings: Mappings = lambdaMappings()) {
  const table = requiredEnv(ENV.inboxTable, 'which table keeps the breakers', runtime.env);
  const watched = JSON.parse(
    requiredEnv(ENV.mappings, 'which mapping belongs to which subscription', runtime.env),
  ) as Record<string, string>;
  const dynamodb = dynamodbOver(runtime.aws, runtime.id);
  const log = logger({ function: 'breaker-controller' }, runtime.write);

  return middy(async (): Promise<{ switched: Record<string, MappingMode> }> => {
    const switched: Record<string, MappingMode> = {};
    for (const [subscription, mappingId] of Object.entries(watched)) {
      const { openUntil, mark } = await read(dynamodb, table, subscription);
      const mode = openUntil === undefined ? 'on' : runtime.now() < openUntil ? 'off' : 'trial';
      if (mode === (mark?.mode ?? 'on') && mark?.done !== false) continue;
      const before = mark?.before ?? (await mappings.read(mappingId));
      const Key = { [PK]: markKey(subscription) };
      // The mark goes first on the way down and last on the way up, and says only afterwards that it is done: a crash between
      // leaves a mapping that is looked after.
      const note = (done: boolean) => dynamodb('PutItem', { TableName: table, Item: { ...Key, mode, before, done } });
      if (mode !== 'on') await note(false);
      await mappings.switch(mappingId, mode, before);
      await (mode === 'on' ? dynamodb('DeleteItem', { TableName: table, Key }) : note(true));
      log('warn', `mapping ${mode}`, { subscription, mappingId });
      switched[subscription] = mode;
    }
    return { switched };
  });
}

async function read(dynamodb: Dynamodb, table: string, subscription: string) {
  const Keys = [{ [PK]: breakerKey({ name: subscription }) }, { [PK]: markKey(subscription) }];
  const found = new Map((await readItems(dynamodb, table, Keys)).map((item) => [item[PK], item]));
  return {
    openUntil: found.get(breakerKey({ name: subscription }))?.openUntil as number | undefined,
    mark: found.get(markKey(subscription)) as Mark | undefined,
  };
}
