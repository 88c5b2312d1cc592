import { isObject, type Json, type JsonSchema } from './json-schema.ts';
import { jsonText } from './json-text.ts';

/** A committed version of an event's data, `schemas/<type>.v<version>.json`: what may still be in a queue, whatever the code says today. */
export interface SchemaSnapshot {
  readonly type: string;
  readonly version: number;
  /** Day the snapshot was written, `2026-11-20`: from then on the version before it is taken to be no longer written. */
  readonly since: string;
  /** Channels that carry the event. */
  readonly channels: readonly string[];
  /** Days that an event may live in the longest-lived of them, dead letters included. */
  readonly retentionDays: number;
  /** JSON Schema (draft-07) of the data as it is read: fields with a default are optional. */
  readonly schema: JsonSchema;
}

export const snapshotName = ({ type, version }: Pick<SchemaSnapshot, 'type' | 'version'>): string =>
  `${type}.v${version}.json`;

export const SNAPSHOT_NAME = /^(?<type>.+)\.v(?<version>\d+)\.json$/;

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/**
 * Reads a snapshot.
 * @param name name of its file, for errors
 * @throws Error naming the file and the property that is wrong
 */
export function parseSnapshot(name: string, text: string): SchemaSnapshot {
  const wrong = (problem: string, cause?: unknown): Error =>
    new Error(
      `schemas/${name}: ${problem}. Restore it from version control, or write it again with: npx sluice schema write`,
      {
        cause,
      },
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw wrong(`it is not JSON (${(cause as Error).message})`, cause);
  }
  if (!isObject(value)) throw wrong('it is not an object');
  const { type, version, since, channels, retentionDays, schema } = value;
  const rules: readonly (readonly [holds: boolean, problem: string])[] = [
    [typeof type === 'string' && typeof version === 'number', 'type or version is missing'],
    [`${type}.v${version}.json` === name, `it holds '${type}' version ${version}, which is not what its name says`],
    [
      typeof since === 'string' && DAY.test(since) && !Number.isNaN(Date.parse(since)),
      `since '${since}' is not a day such as 2026-11-20`,
    ],
    [Array.isArray(channels) && channels.every((one) => typeof one === 'string'), 'channels is not a list of names'],
    [
      typeof retentionDays === 'number' && retentionDays >= 0,
      `retentionDays '${retentionDays}' is not a number of days`,
    ],
    [typeof schema === 'boolean' || isObject(schema), 'schema is not a JSON Schema'],
  ];
  const broken = rules.find(([holds]) => !holds);
  if (broken !== undefined) throw wrong(broken[1]);
  return value as unknown as SchemaSnapshot;
}

export const snapshotText = (snapshot: SchemaSnapshot): string => jsonText({ ...snapshot } satisfies Json);
