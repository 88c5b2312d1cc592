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
}

const env = (name: string): string | undefined => process.env[name];
const wait = async (milliseconds: number): Promise<void> => {
  await sleep(milliseconds);
};

/** The real one: Lambda's environment and clock, AWS over HTTP. */
export const lambda: Runtime = {
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

/** DynamoDB with plain values, for handlers: the same connections and credentials as the runtime's own calls. */
export const dynamodb: Dynamodb = dynamodbOver(lambda.aws, lambda.id);
