import { randomUUID } from 'node:crypto';
// biome-ignore lint/style/noRestrictedImports: the one place that has the real clock
import { setTimeout as sleep } from 'node:timers/promises';
import type { AwsCall } from '../aws/calls/call.ts';
import { type Dynamodb, dynamodbOver } from '../aws/dynamodb.ts';
import { httpCall } from '../aws/http.ts';
import { writeLine } from './write-line.ts';

/**
 * Everything outside that the runtime touches. Functions take it as an argument with `lambda` as default: tests choose time and
 * chance, and the simulator brings a world of its own.
 */
export interface Runtime {
  readonly aws: AwsCall;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Runs a task again and again until the function it returns is called. */
  readonly every: (milliseconds: number, task: () => void) => () => void;
  /** In [0, 1). */
  readonly random: () => number;
  /** A new unique id. */
  readonly id: () => string;
  readonly env: (name: string) => string | undefined;
  /** Takes a line of the log. */
  readonly write: (line: string) => void;
  /** Told what became of each message of a consumer when it is settled: for who tests one. @default nobody is */
  readonly settled?: ((message: { readonly id: string }, outcome: SettledAs) => void) | undefined;
}

/** What became of a message, as far as those want to know who only watch (`messages/message.ts` has all of it). */
export interface SettledAs {
  readonly kind: string;
  /** Why it was given up. */
  readonly reason?: string | undefined;
  readonly error?: Error | undefined;
}

const env = (name: string): string | undefined => process.env[name];
const wait = async (milliseconds: number): Promise<void> => {
  await sleep(milliseconds);
};

const real: Runtime = {
  aws: httpCall({ env, random: Math.random, sleep: wait }),
  now: Date.now,
  sleep: wait,
  every(milliseconds, task) {
    const timer = setInterval(task, milliseconds);
    return () => clearInterval(timer);
  },
  random: () => Math.random(),
  id: randomUUID,
  env,
  write: writeLine,
};

let place = real;

/**
 * The real one: Lambda's environment and clock, AWS over HTTP. Where `sluice/testing` runs a function, it is the test's: functions are made with this one when they
 * are loaded, so it looks for its place at every call.
 */
export const lambda: Runtime = {
  aws: (...call) => place.aws(...call),
  now: () => place.now(),
  sleep: (milliseconds) => place.sleep(milliseconds),
  every: (milliseconds, task) => place.every(milliseconds, task),
  random: () => place.random(),
  id: () => place.id(),
  env: (name) => place.env(name),
  write: (line) => place.write(line),
  settled: (message, outcome) => place.settled?.(message, outcome),
};

/** Puts another one in the place of Lambda's. @param make is given the one that is there, for what is none of its business */
export function replaceLambda(make: (before: Runtime) => Runtime): void {
  place = make(place);
}

/** DynamoDB with plain values, for handlers: the same connections and credentials as the runtime's own calls. */
export const dynamodb: Dynamodb = dynamodbOver(lambda.aws, lambda.id);
