import { AsyncLocalStorage } from 'node:async_hooks';
import { type Runtime, replaceLambda } from '../../runtime/invocation/runtime.ts';

/**
 * Where the code under test runs. A handler uses `lambda`, `dynamodb` and `new Date()`, which nobody hands to it: while it runs, and in all that it sets off, they are
 * those of its test. Code outside of a test has the real ones, also in the same process.
 */
const places = new AsyncLocalStorage<Runtime>();
let isInstalled = false;

/** Runs something in a test's place. */
export function inPlace<T>(runtime: Runtime, run: () => T): T {
  if (!isInstalled) install();
  isInstalled = true;
  return places.run(runtime, run);
}

function install(): void {
  replaceLambda((before) => {
    const here = (): Runtime => places.getStore() ?? before;
    return {
      aws: (...call) => here().aws(...call),
      now: () => here().now(),
      sleep: (milliseconds) => here().sleep(milliseconds),
      every: (milliseconds, task) => here().every(milliseconds, task),
      random: () => here().random(),
      id: () => here().id(),
      env: (name) => here().env(name),
      write: (line) => here().write(line),
      settled: (message, outcome) => here().settled?.(message, outcome),
    };
  });
}

/** Keeps the place for a task that somebody else will call. */
export const keepingPlace = <T extends () => void>(task: T): T => AsyncLocalStorage.bind(task);

/** Runs something while `new Date()` and `process.env` are the test's: for code in its place, the rest of the process has its own clock. */
export async function withDateAndEnvironment<T>(
  env: Readonly<Record<string, string>>,
  run: () => Promise<T>,
): Promise<T> {
  const before = globalThis.Date;
  const mine = dateOver(before);
  const variables = Object.keys(env).map((name) => [name, process.env[name]] as const);
  globalThis.Date = mine;
  Object.assign(process.env, env);
  try {
    return await run();
  } finally {
    // Somebody else's fake clock, put there meanwhile, stays.
    if (globalThis.Date === mine) globalThis.Date = before;
    for (const [name, value] of variables) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

function dateOver(before: DateConstructor): DateConstructor {
  const now = (): number => places.getStore()?.now() ?? before.now();
  return new Proxy(before, {
    construct: (target, args, made) => Reflect.construct(target, args.length === 0 ? [now()] : args, made),
    apply: (target) => new target(now()).toString(),
    get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
  });
}
