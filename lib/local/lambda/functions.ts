import { randomUUID } from 'node:crypto';
import type { State } from '../state/state.ts';
import { type ConcurrencyLimits, createConcurrency, DEFAULT_LIMITS, type Share } from './concurrency.ts';
import type { FunctionDefinition, InvocationResult } from './definition.ts';
import { functionNotFound, throttled } from './errors.ts';
import { functionArn, functionNameOf } from './function-names.ts';
import { keepConcurrency } from './kept-concurrency.ts';
import { createWorkers, type Pool, type WorkersOptions } from './workers.ts';

export interface FunctionsOptions extends WorkersOptions {
  readonly accountId: string;
  /** What the account lets functions run at a time. Default: DEFAULT_LIMITS. */
  readonly limits?: ConcurrencyLimits | undefined;
  /** Keeps what is reserved at run time over a restart. */
  readonly state?: State | undefined;
}

/** Runs functions: one event per instance at a time, warm instances first, within the limits of concurrency. */
export interface Functions {
  /**
   * Adds a function, or changes one: from now on events go to instances of this definition; what runs on others comes to its end.
   * @throws LambdaApiError InvalidParameterValueException when it reserves too much of the account's concurrency
   */
  define(definition: FunctionDefinition): void;
  /** Removes a function; what runs comes to its end. Unknown names are ignored. */
  remove(name: string): void;
  /** By name, ARN, partial ARN, or any of them with a qualifier. */
  find(nameOrArn: string): FunctionDefinition | undefined;
  list(): readonly FunctionDefinition[];
  /**
   * Changes how many events a function runs at a time, until it is defined anew; 0: none, undefined: as many as the account lets it.
   * @throws LambdaApiError ResourceNotFoundException for an unknown function, InvalidParameterValueException when too little is left
   * to the others
   */
  reserve(nameOrArn: string, concurrency: number | undefined): void;
  /** What is reserved for a function at present; undefined: nothing. */
  reserved(nameOrArn: string): number | undefined;
  /**
   * Runs one event and waits for its end.
   * @param event JSON text
   * @throws LambdaApiError TooManyRequestsException over the concurrency limit, ResourceNotFoundException for an unknown function
   */
  invoke(nameOrArn: string, event: string, requestId?: string): Promise<InvocationResult>;
  /** Kills the worker of an instance; what it was doing fails as Runtime.ExitError. Returns whether it was there. */
  kill(functionName: string, instance: number): boolean;
  /** Events running now, of one function or of all. */
  running(functionName?: string): number;
  /** What the account lets functions run at a time, and how much of it is reserved. */
  readonly account: ConcurrencyLimits & { readonly reserved: number };
  /** Workers alive now. */
  readonly workers: number;
  close(): Promise<void>;
}

interface Entry {
  readonly pool: Pool;
  readonly share: Share;
}

export function createFunctions(options: FunctionsOptions): Functions {
  const limits = options.limits ?? DEFAULT_LIMITS;
  const kept = keepConcurrency(options.state);
  const entries = new Map<string, Entry>();
  const workers = createWorkers(options);
  const concurrency = createConcurrency(limits, () =>
    options.report?.(
      `Throttled: functions without reserved concurrency have used up what the account lets them (${limits.concurrency}, less what is reserved).`,
    ),
  );
  let closed = false;

  const find = (nameOrArn: string): Entry | undefined => entries.get(functionNameOf(nameOrArn));
  const known = (nameOrArn: string): Entry => {
    const entry = find(nameOrArn);
    if (!entry) throw functionNotFound(functionArn(options, functionNameOf(nameOrArn)));
    return entry;
  };

  return {
    define(definition) {
      const { name } = definition;
      const entry = entries.get(name);
      if (entry === undefined) {
        const share = concurrency.open(kept.of(definition));
        entries.set(name, { pool: workers.open(definition), share });
      } else {
        concurrency.reserve(entry.share, definition.reservedConcurrency);
        kept.forget(name);
        workers.redefine(entry.pool, definition);
      }
    },
    remove(name) {
      const entry = entries.get(name);
      if (entry === undefined) return;
      entries.delete(name);
      kept.forget(name);
      concurrency.close(entry.share);
      workers.remove(entry.pool);
    },
    find: (nameOrArn) => find(nameOrArn)?.pool.definition,
    list: () => [...entries.values()].map(({ pool }) => pool.definition),
    reserve(nameOrArn, reserved) {
      const { pool, share } = known(nameOrArn);
      concurrency.reserve(share, reserved);
      kept.put(pool.definition, reserved);
    },
    reserved: (nameOrArn) => known(nameOrArn).share.reserved,
    async invoke(nameOrArn, event, requestId = randomUUID()) {
      const { pool, share } = known(nameOrArn);
      if (closed) throw throttled(true);
      concurrency.enter(share);
      try {
        return await workers.run(pool, event, requestId);
      } finally {
        concurrency.leave(share);
      }
    },
    kill(functionName, number) {
      const entry = entries.get(functionName);
      return entry !== undefined && workers.kill(entry.pool, number);
    },
    running: (functionName) =>
      functionName === undefined ? concurrency.running : (entries.get(functionName)?.share.running ?? 0),
    get account() {
      return { ...limits, reserved: concurrency.reserved };
    },
    get workers() {
      return workers.count;
    },
    close() {
      closed = true;
      return workers.close();
    },
  };
}
