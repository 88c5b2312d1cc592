import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Channel } from '../../contracts/channels/channel.ts';
import { SQS } from '../../contracts/declaring/limits.ts';
import { type AnyEventType, schemaUri } from '../../contracts/events/event.ts';
import type { DeclaredSchemas } from '../../contracts/schemas/evolution.ts';
import { isObject, type JsonSchema } from '../../contracts/schemas/json-schema.ts';
import type { SystemContract } from '../../contracts/system.ts';

/** The draft that snapshots, the AsyncAPI document and the registry understand. */
const TARGET = 'draft-07';

/** Validators that convert themselves: https://standardschema.dev/json-schema (zod 4.2, ArkType 2.1.28). */
interface Converts {
  readonly input: (options: { readonly target: string }) => unknown;
}

/**
 * The JSON Schema of data as it is read: fields with a default are optional.
 * @throws Error naming the event when its validator cannot be converted; valibot needs the package `@valibot/to-json-schema`
 */
export async function jsonSchemaOf(schema: StandardSchemaV1, whose: string): Promise<JsonSchema> {
  try {
    const converted = await convert(schema);
    if (!isObject(converted)) throw new Error('the converter gave no schema');
    const { $schema: _, ...rest } = converted;
    return rest;
  } catch (cause) {
    throw new Error(
      `${whose}: its data cannot be written as JSON Schema: ${(cause as Error).message}. Declare the shape with parts that can (no checks in code, no flags on patterns); put other rules into the handler`,
      { cause },
    );
  }
}

async function convert(schema: StandardSchemaV1): Promise<unknown> {
  const standard: { readonly vendor: string; readonly jsonSchema?: Converts } = schema['~standard'];
  if (standard.jsonSchema !== undefined) return standard.jsonSchema.input({ target: TARGET });
  if (standard.vendor !== 'valibot') throw new Error(`'${standard.vendor}' has no converter (a Standard JSON Schema)`);
  // Loaded here: a tool's dependency, which no function bundle must ever reach.
  const { toJsonSchema } = await import('@valibot/to-json-schema');
  return toJsonSchema(schema as unknown as Parameters<typeof toJsonSchema>[0], { target: TARGET, typeMode: 'input' });
}

/**
 * The events of all systems as the schema check takes them.
 * @throws Error when two systems declare the same type differently: one name would stand for two shapes
 */
export async function declaredSchemas(systems: readonly SystemContract[]): Promise<readonly DeclaredSchemas[]> {
  const byType = Map.groupBy(new Set(systems.flatMap(({ events }) => events)), ({ type }) => type);
  return Promise.all(
    [...byType].map(async ([type, [event, another]]) => {
      if (event === undefined || another !== undefined) {
        throw new Error(
          `event '${type}' is declared more than once. Declare it in one contract and import it in the others`,
        );
      }
      const versions = [...event.previous, event].map(async ({ version, data }) => ({
        version,
        schema: await jsonSchemaOf(data, schemaUri({ type, version })),
      }));
      const channels = channelsOf(event, systems);
      return {
        type,
        versions: await Promise.all(versions),
        channels: channels.map(({ name }) => name),
        consumers: consumersOf(event, systems),
        retentionDays: retentionDays(channels),
      };
    }),
  );
}

const carries = ({ events }: Pick<Channel, 'events'>, { type }: AnyEventType): boolean =>
  events.some((one) => one.type === type);

const channelsOf = (event: AnyEventType, systems: readonly SystemContract[]): readonly Channel[] =>
  systems.flatMap(({ channels }) => channels.filter((channel) => carries(channel, event)));

/** Names of the subscriptions that read an event. */
export const consumersOf = (event: AnyEventType, systems: readonly SystemContract[]): readonly string[] =>
  systems.flatMap(({ subscriptions }) => subscriptions.filter(({ to }) => carries(to, event)).map(({ name }) => name));

const DAY_SECONDS = 86_400;

/**
 * Days an event may live: the longest of its channels, each followed by the time among the dead letters, which counts anew because
 * consumers send them there. A topic keeps nothing.
 */
function retentionDays(channels: readonly Channel[]): number {
  const seconds = channels.map((channel) => {
    if (channel.kind === 'topic') return 0;
    const dead = channel.kind === 'queue' ? channel.deadLetterRetention.seconds : SQS.maxRetentionSeconds;
    return channel.retention.seconds + dead;
  });
  return Math.ceil(Math.max(0, ...seconds) / DAY_SECONDS);
}
