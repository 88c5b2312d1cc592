import type { StandardSchemaV1 } from '@standard-schema/spec';

/**
 * An older version of an event that can still be read: its data is checked with the schema it was written under and turned into
 * the next version, step by step up to the newest. Handlers only ever see the newest.
 */
export interface PreviousVersion<Data = unknown, Next = unknown> {
  readonly version: number;
  readonly data: StandardSchemaV1<unknown, Data>;
  /** Pure: the same old data always gives the same new data, whoever reads it and whenever. (A method, so that lists of different data are possible.) */
  upcast(data: Data): Next;
}

/**
 * Declares an older version with the way to the next one.
 * @param upcast pure function from this version's data to the next version's
 */
export const previousVersion = <Data, Next>(
  version: number,
  data: StandardSchemaV1<unknown, Data>,
  upcast: (data: Data) => Next,
): PreviousVersion<Data, Next> => ({ version, data, upcast });

/** What a version must come to for `Next` to be readable: the property names the type that is expected. */
interface UpcastsTo<Next> {
  // biome-ignore lint/suspicious/noExplicitAny: any data may be the start, only where it leads is checked.
  upcast(data: any): Next;
}

/** Checks a list of previous versions, oldest first: each leads to the data of the one after it, the last to the newest data. */
export type Chained<Previous extends readonly PreviousVersion[], Newest> = Previous extends readonly [
  infer First,
  infer Second extends PreviousVersion,
  ...infer Rest extends readonly PreviousVersion[],
]
  ? readonly [First & UpcastsTo<DataOfVersion<Second>>, ...Chained<readonly [Second, ...Rest], Newest>]
  : Previous extends readonly [infer Last]
    ? readonly [Last & UpcastsTo<Newest>]
    : readonly [];

type DataOfVersion<V> = V extends PreviousVersion<infer Data> ? Data : never;

/** What stands between an old version and the newest, and what it is called in errors. */
interface Upcastable {
  readonly type: string;
  readonly version: number;
  readonly previous: readonly PreviousVersion[];
}

/** An upcaster threw, or led to data that the newest schema refuses: a fault of the declaration, not of the message. */
export class UpcastFailed extends Error {
  override readonly name = 'UpcastFailed';
}

/**
 * Leads data of an older version to the newest, one version at a time. The data has been checked with the old version's schema;
 * the result is checked by the caller with the newest one.
 * @throws UpcastFailed naming the step when an upcaster throws
 */
export function upcast(event: Upcastable, from: number, data: unknown): unknown {
  let current = data;
  for (const step of event.previous.filter(({ version }) => version >= from)) {
    try {
      current = step.upcast(current);
    } catch (cause) {
      throw new UpcastFailed(
        `upcasting '${event.type}' from version ${step.version} to ${step.version + 1} failed: ${String(cause)}`,
        { cause },
      );
    }
  }
  return current;
}
