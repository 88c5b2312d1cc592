import type { StandardSchemaV1 } from '@standard-schema/spec';
import { declare } from './declaration-error.ts';

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
}

/** The data type behind an event type. */
export type DataOf<E> = E extends EventType<infer Data, string> ? Data : never;

// biome-ignore lint/suspicious/noExplicitAny: the key function takes its data as argument, so only `any` lets events of different data share a list.
export type AnyEventType = EventType<any, string>;

const TYPE = /^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+$/;

/**
 * Declares an event.
 * @param type dotted, lower-case, system first: `orders.order-placed`
 * @throws DeclarationError for a malformed type or a version that is not a whole number from 1
 */
export function event<const Type extends string, Data>(
  type: Type,
  declaration: {
    /** Whole number from 1; raised when the data changes. */
    readonly version: number;
    readonly data: StandardSchemaV1<unknown, Data>;
    readonly key: (data: Data) => string;
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
  return { type, ...declaration };
}

/** What `dataschema` says in the envelope: which type in which version. */
export const schemaUri = (e: Pick<AnyEventType, 'type' | 'version'>): string => `urn:sluice:${e.type}:v${e.version}`;
