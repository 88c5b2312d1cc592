import type { StandardSchemaV1 } from '@standard-schema/spec';
import { declare } from '../declaring/declaration-error.ts';
import type { Chained, PreviousVersion } from './upcast.ts';

/**
 * A kind of event: its name, its version, what its data must look like and which entity it is about.
 * Types flow from here to the producer's argument and the consumer's handler.
 */
export interface EventType<Data = unknown, Type extends string = string> {
  readonly type: Type;
  readonly version: number;
  /** Any Standard Schema validator (https://standardschema.dev). It must answer synchronously. */
  readonly data: StandardSchemaV1<unknown, Data>;
  /** The entity the event is about (its CloudEvents subject): order is kept per key. */
  readonly key: (data: Data) => string;
  /** Older versions that can still be read, oldest first, without a gap up to `version`. */
  readonly previous: readonly PreviousVersion[];
}

/** The data type behind an event type. */
export type DataOf<E> = E extends EventType<infer Data, string> ? Data : never;

/** Some event, whatever its data: for lists of events. */
// biome-ignore lint/suspicious/noExplicitAny: the key function takes its data as argument, so only `any` lets events of different data share a list.
export type AnyEventType = EventType<any, string>;

const TYPE = /^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+$/;

/**
 * Declares an event.
 * @param type dotted, lower-case, system first: `orders.order-placed`
 * @throws DeclarationError for a malformed type, a version that is not a whole number from 1, or a gap in the previous versions
 */
export function event<const Type extends string, Data, const Previous extends readonly PreviousVersion[] = readonly []>(
  type: Type,
  declaration: {
    /** Whole number from 1; raised when the data changes. */
    readonly version: number;
    readonly data: StandardSchemaV1<unknown, Data>;
    readonly key: (data: Data) => string;
    /**
     * Older versions that may still be in a queue, a log or among dead letters, oldest first: `previousVersion(1, V1, upcast)`.
     * `sluice schema check` says which ones are still needed. @default none
     */
    readonly previous?: Previous & Chained<Previous, NoInfer<Data>>;
  },
): EventType<Data, Type> {
  const thing = `event '${type}'`;
  declare(TYPE.test(type), thing, 'the type must be dotted and lower-case', "Write for example 'orders.order-placed'");
  declare(
    Number.isInteger(declaration.version) && declaration.version >= 1,
    thing,
    `version must be a whole number from 1 (given ${declaration.version})`,
    'Write version: 1 for the first shape of the data',
  );
  declare(
    typeof declaration.key === 'function',
    thing,
    'a key function is needed: order and partitioning are per key',
    'Write for example key: (order) => order.orderId',
  );
  const { version, data, key } = declaration;
  const previous: readonly PreviousVersion[] = declaration.previous ?? [];
  const found = previous.map((older) => older.version);
  const due = found.map((_, i) => version - found.length + i);
  declare(
    found.every((one, i) => one === due[i] && one >= 1),
    thing,
    `previous must hold consecutive versions, oldest first, up to ${version - 1} (given ${found.join(', ')})`,
    `Write for example previous: [previousVersion(${version - 1}, OldData, (old) => ({ ...old, added: 'x' }))]`,
  );
  return { type, version, data, key, previous };
}

/** What `dataschema` says in the envelope: which type in which version. */
export const schemaUri = (e: Pick<AnyEventType, 'type' | 'version'>): string => `urn:sluice:${e.type}:v${e.version}`;
