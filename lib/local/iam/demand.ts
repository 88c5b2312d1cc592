/**
 * One permission a call needs. Several resources are alternatives: being allowed on any of them is enough. No resource:
 * the request does not say which (a Kinesis iterator).
 */
export interface Demand {
  readonly action: string;
  readonly resources: readonly string[];
  /** Condition keys of the service, in lower case, as the request has them. */
  readonly values?: Readonly<Record<string, string | readonly string[]>>;
}

/** What the demands of a call depend on, beside the call. */
export interface DemandContext {
  readonly account: string;
  /** Name of a table's partition key; undefined when there is no such table. */
  readonly partitionKeyOf: (table: string) => string | undefined;
  /** ARN of a role, which has a path that its name does not tell; undefined when there is no such role. */
  readonly roleArnOf: (name: string) => string | undefined;
}

/** Leaves out what a request does not say. */
export function present(
  values: Readonly<Record<string, string | readonly string[] | undefined>>,
): Readonly<Record<string, string | readonly string[]>> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}
