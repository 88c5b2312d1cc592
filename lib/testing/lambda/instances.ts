import type { Context } from 'aws-lambda';
import type { AwsCall } from '../../runtime/aws/calls/call.ts';
import type { Runtime } from '../../runtime/invocation/runtime.ts';
import type { Chance } from '../world/chance.ts';
import type { Owner, World } from '../world/world.ts';

export type HandlerFunction = (event: never, context: Context) => Promise<unknown>;

export interface FunctionSpec {
  readonly name: string;
  readonly timeoutMillis: number;
  readonly env: Readonly<Record<string, string>>;
  /** Initialises an instance: what is outside the handler. */
  readonly start: (runtime: Runtime, instance: Instance) => HandlerFunction;
}

export interface Instance extends Owner {
  readonly function: FunctionSpec;
  readonly runtime: Runtime;
  readonly handler: HandlerFunction;
  /** Milliseconds its clock is ahead. */
  readonly skew: number;
  busy: boolean;
  /** Handlers of messages that have started and not ended: more than none at the end of an invocation means that they go on later. */
  open: number;
  /** Counts the invocations it has begun and ended. */
  invocation: number;
}

export type Ending =
  | { readonly kind: 'answered'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly how: 'timeout' | 'killed' | 'threw'; readonly error?: Error };

export interface LambdaHost {
  readonly invoke: (spec: FunctionSpec, event: unknown, ended: (ending: Ending) => void) => Instance;
  readonly kill: (owner: Owner) => void;
  /** A client that is no function: lives until it is killed. */
  readonly client: (name: string, env: Readonly<Record<string, string>>) => Owner & { readonly runtime: Runtime };
  readonly running: () => number;
  /** Invocations that did not answer. */
  readonly failures: () => number;
}

export interface HostOptions {
  readonly callFor: (owner: Owner) => AwsCall;
  /** For what the runtime itself draws. */
  readonly chance: Chance;
  /** Clock skews of instances, in the order they start; repeated. */
  readonly skews: readonly number[];
  /** Told when an invocation ends with handlers still at work. */
  readonly leftOpen: (instance: Instance) => void;
  readonly died: (instance: Owner) => void;
}

const COLD_START_MILLIS = 300;
const RESPONSE_MILLIS = 5;

/** Lambda in memory: instances that take one event at a time, are frozen in between, time out and die. */
export function lambdaHost(world: World, options: HostOptions): LambdaHost {
  const instances: Instance[] = [];
  const endings = new Map<Owner, (ending: Ending) => void>();
  let started = 0;
  let requests = 0;
  let failures = 0;

  function ownerOf(name: string): Owner {
    started += 1;
    return { name: `${name}.${started}`, alive: true, frozen: false, backlog: [] };
  }

  function runtimeOf(owner: Owner, skew: number, env: Readonly<Record<string, string>>): Runtime {
    let ids = 0;
    return {
      aws: options.callFor(owner),
      now: () => world.now() + skew,
      sleep: (milliseconds) => new Promise((resolve) => world.after(milliseconds, resolve, owner)),
      every(milliseconds, task) {
        let stopped = false;
        const tick = () => {
          if (stopped) return;
          task();
          world.after(milliseconds, tick, owner);
        };
        world.after(milliseconds, tick, owner);
        return () => {
          stopped = true;
        };
      },
      random: options.chance.next,
      id: () => `${owner.name}/${++ids}`,
      env: (name) => env[name],
      write: () => undefined,
    };
  }

  function start(spec: FunctionSpec): Instance {
    const owner = ownerOf(spec.name);
    const skew = options.skews[started % Math.max(1, options.skews.length)] ?? 0;
    const runtime = runtimeOf(owner, skew, spec.env);
    const instance = Object.assign(owner, {
      function: spec,
      runtime,
      skew,
      busy: false,
      open: 0,
      invocation: 0,
    }) as Instance;
    Object.assign(instance, { handler: spec.start(runtime, instance) });
    instances.push(instance);
    return instance;
  }

  function kill(owner: Owner): void {
    if (!owner.alive) return;
    world.note(() => `${owner.name} dies`);
    world.die(owner);
    options.died(owner);
    endings.get(owner)?.({ kind: 'failed', how: 'killed' });
  }

  return {
    kill,
    running: () => endings.size,
    failures: () => failures,
    client(name, env) {
      const owner = ownerOf(name);
      return Object.assign(owner, { runtime: runtimeOf(owner, 0, env) });
    },
    invoke(spec, event, ended) {
      const idle = instances.filter((one) => one.function === spec && one.alive && !one.busy);
      const warm = world.chance.is(0.8) ? idle[0] : undefined;
      const instance = warm ?? start(spec);
      instance.busy = true;
      instance.invocation += 1;
      const cold = warm === undefined ? world.chance.between(1, COLD_START_MILLIS) : 1;
      const deadline = world.now() + cold + spec.timeoutMillis;
      let over = false;
      const end = (ending: Ending) => {
        if (over) return;
        over = true;
        endings.delete(instance);
        if (ending.kind === 'failed') failures += 1;
        instance.busy = false;
        instance.invocation += 1;
        world.note(() => `${instance.name} ${describe(ending)}`);
        if (instance.alive) {
          if (instance.open > 0) options.leftOpen(instance);
          world.freeze(instance);
        }
        world.after(world.chance.between(1, RESPONSE_MILLIS), () => ended(ending));
      };
      endings.set(instance, end);
      requests += 1;
      const context = {
        awsRequestId: `request-${requests}`,
        functionName: spec.name,
        getRemainingTimeInMillis: () => deadline - world.now(),
      } as Context;
      world.thaw(instance);
      world.after(
        cold,
        () => {
          instance.handler(event as never, context).then(
            (value) => end({ kind: 'answered', value }),
            (error: Error) => end({ kind: 'failed', how: 'threw', error }),
          );
        },
        instance,
      );
      world.after(cold + spec.timeoutMillis, () => {
        if (over) return;
        world.note(() => `${instance.name} times out`);
        world.die(instance);
        options.died(instance);
        end({ kind: 'failed', how: 'timeout' });
      });
      return instance;
    },
  };
}

const describe = (ending: Ending): string =>
  ending.kind === 'answered'
    ? `answers ${JSON.stringify(ending.value)}`
    : `${ending.how} ${ending.error?.message ?? ''}`;

const ENDED = {
  timeout: 'the function ran into its timeout',
  killed: 'the function ended in the middle of its work',
  threw: 'the function failed',
} as const;

/** Why an invocation did not answer. */
export const endedWith = ({ how, error }: Extract<Ending, { kind: 'failed' }>): Error => error ?? new Error(ENDED[how]);
