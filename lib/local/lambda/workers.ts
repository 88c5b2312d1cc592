import type { FunctionDefinition, FunctionLog, InvocationResult } from './definition.ts';
import type { Instance } from './instance.ts';
import { startInstance } from './instance.ts';

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

/** What instances need, and how many there may be. */
export interface WorkersOptions {
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
  /** Instances stand still between events. Default false. */
  readonly freezes?: boolean;
}

interface Waiter {
  readonly since: number;
  readonly run: (instance: Instance) => void;
  readonly fail: (error: { errorType: string; errorMessage: string }) => void;
}

/** The instances of one function, and the events that wait for one. */
export interface Pool {
  /** Of the instances that get events. */
  definition: FunctionDefinition;
  readonly instances: Set<Instance>;
  readonly idle: { readonly instance: Instance; readonly since: number }[];
  readonly waiters: Waiter[];
  starting: number;
}

/** The machine's workers, shared between the functions: warm instances first, the longest wait first. */
export interface Workers {
  /** Workers alive now. */
  readonly count: number;
  /** Adds a function that has no instances yet. */
  open(definition: FunctionDefinition): Pool;
  /** Events go to instances of this definition from now on; what runs on others comes to its end. */
  redefine(pool: Pool, definition: FunctionDefinition): void;
  /** What runs comes to its end; what waits fails. */
  remove(pool: Pool): void;
  /** Runs one event on an instance that is free, as soon as there is one. Never rejects. */
  run(pool: Pool, event: string, requestId: string): Promise<InvocationResult>;
  /** Kills an instance. Returns whether it was there. */
  kill(pool: Pool, instance: number): boolean;
  close(): Promise<void>;
}

const oldest = (pool: Pool): number => pool.waiters[0]?.since ?? Number.POSITIVE_INFINITY;

export function createWorkers(options: WorkersOptions): Workers {
  const { maxWorkers = DEFAULT_MAX_WORKERS, idleMs = IDLE_INSTANCE_MS } = options;
  const pools = new Set<Pool>();
  const alive = new Set<Instance>();
  const stopping = new Set<Promise<void>>();
  let nextInstance = 1;
  let workers = 0;
  let starting = 0;
  let closed = false;
  const reaper = setInterval(reapIdle, Math.min(REAP_INTERVAL_MS, idleMs));

  function stop(instance: Instance): void {
    const stopped = instance.stop();
    stopping.add(stopped);
    void stopped.finally(() => stopping.delete(stopped));
  }

  function reapIdle(): void {
    const limit = Date.now() - idleMs;
    for (const pool of pools) {
      while (pool.idle[0] && pool.idle[0].since < limit) {
        const entry = pool.idle.shift();
        if (entry) stop(entry.instance);
      }
    }
  }

  /** Makes room for a function that has no worker by giving up the instance that has idled longest elsewhere. */
  function evictIdle(): void {
    const idlest = [...pools].reduce<Pool | undefined>((found, pool) => {
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
    return [...pools].filter((pool) => pool.waiters.length > 0).sort((a, b) => oldest(a) - oldest(b));
  }

  /** An instance of a definition that is no longer the function's gets no more events. */
  const isOutdated = (pool: Pool, instance: Instance): boolean =>
    instance.definition !== pool.definition || !pools.has(pool);

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
      freezes: options.freezes ?? false,
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
    get count() {
      return workers;
    },
    open(definition) {
      const pool: Pool = { definition, instances: new Set(), idle: [], waiters: [], starting: 0 };
      pools.add(pool);
      return pool;
    },
    redefine(pool, definition) {
      pool.definition = definition;
      retire(pool);
    },
    remove(pool) {
      pools.delete(pool);
      retire(pool);
      const errorMessage = `Function ${pool.definition.name} was deleted`;
      for (const waiter of pool.waiters.splice(0))
        waiter.fail({ errorType: 'ResourceNotFoundException', errorMessage });
    },
    run,
    kill(pool, number) {
      const instance = [...pool.instances].find((candidate) => candidate.number === number);
      if (instance) stop(instance);
      return instance !== undefined;
    },
    async close() {
      closed = true;
      clearInterval(reaper);
      for (const pool of pools) {
        for (const waiter of pool.waiters.splice(0))
          waiter.fail({ errorType: 'Runtime.ExitError', errorMessage: 'The engine is closing' });
      }
      for (const instance of [...alive]) stop(instance);
      await Promise.all(stopping);
    },
  };
}
