import { beforeAll, beforeEach } from 'vitest';
import { ENV } from '../../lib/contracts/agreed/environment.ts';
import { lambda, type Runtime } from '../../lib/runtime/invocation/runtime.ts';
import { createInboxTable, itemsOf, useLocalServices } from './local-services.ts';

/** Seconds that a function has, and so the longest time between the start of a message and the end of what handles it. */
export const TIMEOUT = 10;

/** A table for what is known of tries, and for each test a subscription's name of its own. */
export function useWorkers(table: string, prefix: string, named: (name: string) => void) {
  useLocalServices();
  let count = 0;
  let name = '';
  const another = () => {
    count += 1;
    name = `${prefix}-${count}`;
    named(name);
  };
  beforeAll(() => createInboxTable(table));
  beforeEach(another);
  return {
    /** One more, within a test. */
    another,
    /** What is left of its tries in the table. */
    left: async () => (await itemsOf(table)).filter(({ pk }) => String(pk).startsWith(`attempts!${name}#`)),
  };
}

/** What functions have written, over all of them. */
export interface Written {
  readonly letters: Record<string, unknown>[];
  /** Operations on the table that change something. */
  readonly writes: string[];
}

/** An instance of a function that may end without a word, as after process.exit or in an endless loop. */
export interface Mortal {
  readonly runtime: Runtime;
  /** Resolves when it has ended. */
  readonly death: Promise<undefined>;
  isAlive(): boolean;
  /** Resolves while it lives: what an ended one had under way ends with it. */
  lives(): Promise<void>;
  /** Ends it, and never resolves. */
  end(): Promise<never>;
}

const never = () => new Promise<never>(() => undefined);

/** @param more of its runtime; `aws` is asked for what goes to the queue, before a write to the table, and is told when that is answered */
export function mortal(
  table: string,
  { letters, writes }: Written,
  more: Partial<Omit<Runtime, 'aws'>> & { readonly queue?: string },
  aws: {
    readonly sqs?: (operation: string, input: object) => object;
    readonly beforeWrite?: (input: object) => void;
    readonly written?: () => void;
  } = {},
): Mortal {
  const { queue, ...others } = more;
  const variables = {
    ...{ [ENV.inboxTable]: table, [ENV.deadLetterQueue]: 'dead' },
    ...(queue === undefined ? {} : { [ENV.queue]: queue }),
  };
  let isAlive = true;
  const death = Promise.withResolvers<undefined>();
  const lives = async () => {
    if (!isAlive) await never();
  };
  const runtime: Runtime = {
    ...lambda,
    every: () => () => undefined,
    env: (variable) => (variables as Record<string, string>)[variable],
    write: () => undefined,
    ...others,
    aws: async (service, operation, input) => {
      await lives();
      if (service !== 'dynamodb') {
        const { MessageAttributes } = input as { MessageAttributes?: Record<string, { StringValue: string }> };
        if (operation === 'SendMessage') letters.push(JSON.parse(MessageAttributes?.deadLetter?.StringValue ?? '{}'));
        return aws.sqs?.(operation, input) ?? {};
      }
      const isWrite = operation !== 'BatchGetItem';
      if (isWrite) {
        writes.push(operation);
        aws.beforeWrite?.(input);
      }
      const answer = await lambda.aws(service, operation, input);
      await lives();
      if (isWrite) aws.written?.();
      return answer;
    },
  };
  return {
    runtime,
    death: death.promise,
    isAlive: () => isAlive,
    lives,
    end() {
      isAlive = false;
      death.resolve(undefined);
      return never();
    },
  };
}
