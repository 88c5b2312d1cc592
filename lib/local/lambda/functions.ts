import { randomUUID } from 'node:crypto';
import { parseArn } from '../../formats/arn.ts';
import type { State } from '../state/state.ts';
import type { FunctionDefinition, FunctionLog, InvocationResult } from './definition.ts';
import { functionNotFound, throttled } from './errors.ts';
import type { Instance } from './instance.ts';
import { startInstance } from './instance.ts';
import { keepConcurrency } from './kept-concurrency.ts';

/** Concurrent executions of an account, all functions together. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const ACCOUNT_CONCURRENCY = 1000;
/** Workers alive at a time on this machine, by default. Beyond it an invocation waits for a worker; AWS has no such wait. */
export const DEFAULT_MAX_WORKERS = 32;
/** Workers that load their handler at the same time: more only take the processors from each other. */
export const MAX_STARTING_WORKERS = 4;
/** An event that has waited this long for a worker goes before younger ones of functions that have workers. */
const STARVING_MS = 500;
/** How long an instance without events is kept warm. */
export const IDLE_INSTANCE_MS = 120_000;
/** How often idle instances are looked for. */
const REAP_INTERVAL_MS = 10_000;

export interface FunctionsOptions {
  readonly region: string;
  readonly accountId: string;
  readonly endpoint: string;
  readonly issueCredentials: (request: { functionName: string; instance: number; roleArn: string }) => {
    accessKeyId: string;
    secretAccessKey: string;
    sessionToken: string;
  };
  readonly revokeCredentials: (accessKeyId: string) => void;
  readonly onLog: (log: FunctionLog) => void;
  /** Told of functions whose code needs a module that is not there. */
  readonly report?: (text: string) => void;
  /** How much the clock of a new instance is fast, in milliseconds. Default 0. */
  readonly clockSkewMs?: (functionName: string) => number;
  readonly maxWorkers?: number;
  readonly idleMs?: number;
  /** Keeps what is reserved at run time over a restart. */
  readonly state?: State | undefined;
}

/** Runs functions: one event per instance at a time, warm instances first, within the limits of concurrency. */
export interface Functions {
  /**
   * Adds a function, or changes one: from now on events go to instances of this definition; what runs on others comes to its end.
   */
  define(definition: FunctionDefinition): void;
  /** Removes a function; what runs comes to its end. Unknown names are ignored. */
  remove(name: string): void;
  /** By name, ARN, partial ARN, or any of them with a qualifier. */
  find(nameOrArn: string): FunctionDefinition | undefined;
  list(): readonly FunctionDefinition[];
  /**
   * Changes how many events a function runs at a time, until it is defined anew; 0: none, undefined: as many as the account lets it.
   * @throws LambdaApiError ResourceNotFoundException for an unknown function
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
  /** Workers alive now. */
  readonly workers: number;
  close(): Promise<void>;
}

interface Waiter {
  readonly since: number;
  readonly run: (instance: Instance) => void;
  readonly fail: (error: { errorType: string; errorMessage: string }) => void;
}

interface Pool {
  definition: FunctionDefinition;
  /** Most events at a time: the definition's, or what was said since. */
  reserved: number | undefined;
  readonly instances: Set<Instance>;
  readonly idle: { readonly instance: Instance; readonly since: number }[];
  readonly waiters: Waiter[];
  starting: number;
  running: number;
}

const oldest = (pool: Pool): number => pool.waiters[0]?.since ?? Number.POSITIVE_INFINITY;

export function createFunctions(options: FunctionsOptions): Functions {
  const { maxWorkers = DEFAULT_MAX_WORKERS, idleMs = IDLE_INSTANCE_MS } = options;
  const kept = keepConcurrency(options.state);
  const pools = new Map<string, Pool>();
  const alive = new Set<Instance>();
  const stopping = new Set<Promise<void>>();
  let nextInstance = 1;
  let workers = 0;
  let starting = 0;
  let closed = false;
  const reaper = setInterval(reapIdle, Math.min(REAP_INTERVAL_MS, idleMs));

  const total = (): number => [...pools.values()].reduce((sum, pool) => sum + pool.running, 0);
  const find = (nameOrArn: string): Pool | undefined => pools.get(functionNameOf(nameOrArn));
  const known = (nameOrArn: string): Pool => {
    const pool = find(nameOrArn);
    if (!pool) throw functionNotFound(functionArn(options, functionNameOf(nameOrArn)));
    return pool;
  };

  function stop(instance: Instance): void {
    const stopped = instance.stop();
    stopping.add(stopped);
    void stopped.finally(() => stopping.delete(stopped));
  }

  function reapIdle(): void {
    const limit = Date.now() - idleMs;
    for (const pool of pools.values()) {
      while (pool.idle[0] && pool.idle[0].since < limit) {
        const entry = pool.idle.shift();
        if (entry) stop(entry.instance);
      }
    }
  }

  /** Makes room for a function that has no worker by giving up the instance that has idled longest elsewhere. */
  function evictIdle(): void {
    const idlest = [...pools.values()].reduce<Pool | undefined>((found, pool) => {
      const since = pool.idle[0]?.since ?? Number.POSITIVE_INFINITY;
      return since < (found?.idle[0]?.since ?? Number.POSITIVE_INFINITY) ? pool : found;
    }, undefined);
    const entry = idlest?.idle.shift();
    if (entry) stop(entry.instance);
  }

  /** Hands waiting events to idle instances, and starts instances for the rest as far as the machine allows. */
  function pump(pool: Pool): void {
    while (pool.waiters.length > 0) {
      const warm = pool.idle.pop();
      if (!warm) break;
      if (!warm.instance.ended) pool.waiters.shift()?.run(warm.instance);
    }
    while (pool.waiters.length > pool.starting && starting < MAX_STARTING_WORKERS && !closed) {
      // The place that an eviction frees is taken at once: left open, another function could take it again and again.
      if (workers >= maxWorkers) evictIdle();
      if (workers >= maxWorkers) break;
      void start(pool);
    }
  }

  /** Serves all functions whose events wait, the longest wait first. */
  function pumpAll(): void {
    for (const pool of waitingPools()) pump(pool);
  }

  function waitingPools(): Pool[] {
    return [...pools.values()].filter((pool) => pool.waiters.length > 0).sort((a, b) => oldest(a) - oldest(b));
  }

  /** An instance of a definition that is no longer the function's gets no more events. */
  const isOutdated = (pool: Pool, instance: Instance): boolean =>
    instance.definition !== pool.definition || pools.get(pool.definition.name) !== pool;

  function retire(pool: Pool): void {
    for (const { instance } of pool.idle.splice(0)) stop(instance);
  }

  async function start(pool: Pool): Promise<void> {
    const { definition } = pool;
    const number = nextInstance++;
    const credentials = options.issueCredentials({
      functionName: definition.name,
      instance: number,
      roleArn: definition.roleArn,
    });
    workers += 1;
    starting += 1;
    pool.starting += 1;
    const instance = startInstance({
      definition,
      number,
      credentials,
      region: options.region,
      endpoint: options.endpoint,
      onLog: options.onLog,
      clockSkewMs: options.clockSkewMs?.(definition.name) ?? 0,
      onEnd: () => {
        workers -= 1;
        alive.delete(instance);
        pool.instances.delete(instance);
        const index = pool.idle.findIndex((entry) => entry.instance === instance);
        if (index >= 0) pool.idle.splice(index, 1);
        options.revokeCredentials(credentials.accessKeyId);
        setImmediate(pumpAll);
      },
    });
    alive.add(instance);
    pool.instances.add(instance);
    const error = await instance.started;
    if (error?.errorType === 'Runtime.ImportModuleError')
      options.report?.(`Function ${definition.name} does not start: ${error.errorMessage.split('\n', 1)[0]}`);
    starting -= 1;
    pool.starting -= 1;
    if (isOutdated(pool, instance)) {
      stop(instance);
      pumpAll();
      return;
    }
    // A new instance serves at least the event it was started for, or functions could evict each other's without end.
    const waiter = pool.waiters.shift();
    if (error) waiter?.fail(error);
    else if (waiter && !instance.ended) waiter.run(instance);
    else {
      if (waiter) pool.waiters.unshift(waiter);
      release(pool, instance);
    }
    pumpAll();
  }

  function release(pool: Pool, instance: Instance): void {
    if (instance.ended) return;
    if (isOutdated(pool, instance)) {
      stop(instance);
      return;
    }
    pool.idle.push({ instance, since: Date.now() });
    const longest = workers >= maxWorkers ? waitingPools()[0] : undefined;
    const starving = longest !== undefined && Date.now() - oldest(longest) > STARVING_MS;
    if (!starving) pump(pool);
    if (longest) pumpAll();
  }

  async function run(pool: Pool, event: string, requestId: string): Promise<InvocationResult> {
    const { promise, resolve } = Promise.withResolvers<Instance | { errorType: string; errorMessage: string }>();
    pool.waiters.push({ since: Date.now(), run: resolve, fail: resolve });
    pump(pool);
    const instance = await promise;
    if ('errorType' in instance) return { requestId, payload: JSON.stringify(instance), error: instance, logTail: '' };
    const result = await instance.invoke(requestId, event);
    release(pool, instance);
    return result;
  }

  return {
    define(definition) {
      const { name } = definition;
      const pool = pools.get(name);
      if (pool === undefined) {
        const reserved = kept.of(definition);
        pools.set(name, { definition, reserved, instances: new Set(), idle: [], waiters: [], starting: 0, running: 0 });
      } else {
        pool.definition = definition;
        pool.reserved = definition.reservedConcurrency;
        kept.forget(name);
        retire(pool);
      }
    },
    remove(name) {
      const pool = pools.get(name);
      if (pool === undefined) return;
      pools.delete(name);
      kept.forget(name);
      retire(pool);
      const gone = { errorType: 'ResourceNotFoundException', errorMessage: `Function ${name} was deleted` };
      for (const waiter of pool.waiters.splice(0)) waiter.fail(gone);
    },
    find: (nameOrArn) => find(nameOrArn)?.definition,
    list: () => [...pools.values()].map((pool) => pool.definition),
    reserve(nameOrArn, concurrency) {
      const pool = known(nameOrArn);
      pool.reserved = concurrency;
      kept.put(pool.definition, concurrency);
    },
    reserved: (nameOrArn) => known(nameOrArn).reserved,
    async invoke(nameOrArn, event, requestId = randomUUID()) {
      const pool = known(nameOrArn);
      if (closed || (pool.reserved !== undefined && pool.running >= pool.reserved)) throw throttled(true);
      if (total() >= ACCOUNT_CONCURRENCY) throw throttled(false);
      pool.running += 1;
      try {
        return await run(pool, event, requestId);
      } finally {
        pool.running -= 1;
      }
    },
    kill(functionName, number) {
      const instance = [...(pools.get(functionName)?.instances ?? [])].find((candidate) => candidate.number === number);
      if (instance) stop(instance);
      return instance !== undefined;
    },
    running: (functionName) => (functionName === undefined ? total() : (pools.get(functionName)?.running ?? 0)),
    get workers() {
      return workers;
    },
    async close() {
      closed = true;
      clearInterval(reaper);
      for (const pool of pools.values()) {
        for (const waiter of pool.waiters.splice(0))
          waiter.fail({ errorType: 'Runtime.ExitError', errorMessage: 'The engine is closing' });
      }
      for (const instance of [...alive]) stop(instance);
      await Promise.all(stopping);
    },
  };
}

/** The function's name in a name, ARN or partial ARN, with or without a qualifier. */
export function functionNameOf(nameOrArn: string): string {
  const { service, resource = '' } = parseArn(nameOrArn) ?? {};
  const [kind, name] = resource.split(':');
  if (service === 'lambda' && kind === 'function' && name) return name;
  const partial = /^\d{12}:(?:function:)?([^:]+)/.exec(nameOrArn);
  return partial?.[1] ?? nameOrArn.split(':')[0] ?? nameOrArn;
}

export function functionArn({ region, accountId }: { region: string; accountId: string }, name: string): string {
  return `arn:aws:lambda:${region}:${accountId}:function:${name}`;
}
