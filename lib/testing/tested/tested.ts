import type { Channel } from '../../contracts/channels/channel.ts';
import { DeclarationError } from '../../contracts/declaring/declaration-error.ts';
import { type Duration, toMillis } from '../../contracts/declaring/duration.ts';
import type { EventOf } from '../../runtime/aggregation/aggregate.ts';
import type { Account } from '../account/account.ts';
import type { Disturbances } from '../account/disturbances.ts';
import { NotSettled } from '../account/time.ts';

/** A line of the log, as the function wrote it. */
export type LogLine = Readonly<Record<string, unknown>>;

/** What all tests can do and see. */
export interface Tested extends Pick<Disturbances, 'disturbCall' | 'disturbInvocation'> {
  /** The time in the test; it begins on 20 November 2026 at 8:00 UTC. */
  readonly now: () => Date;
  /** Lets time pass, and all that is due in it happen; then what is under way comes to its end. Nothing really waits. */
  readonly advance: (by: Duration) => Promise<void>;
  /**
   * Lets as much time pass as it takes until nothing is left to do: every message done, given up or parked, every row of the outbox published.
   * @param within the most time for that. @default 48 hours
   * @throws NotSettled naming what was left; also when something that was to go wrong never did
   */
  readonly settle: (within?: Duration) => Promise<void>;
  /** Events that a channel has taken in, as its readers see them, in order. @throws DeclarationError for a channel that the test does not have */
  readonly published: <C extends Channel>(channel: C) => readonly EventOf<C['events'][number]>[];
  /** An item of a table. */
  readonly item: (table: string, key: Readonly<Record<string, unknown>>) => Record<string, unknown> | undefined;
  /** All items of a table, in the order they came to be. */
  readonly items: (table: string) => Record<string, unknown>[];
  /** An object of a bucket. */
  readonly object: (bucket: string, key: string) => Buffer | undefined;
  /** Why invocations of functions did not answer: they threw, ran into their timeout, or ended. In order. */
  readonly failures: () => readonly Error[];
  /** What was logged, metrics left out. */
  readonly log: () => readonly LogLine[];
  /** Sum of a metric over all functions: `Done`, `Duplicates`, ... (`CONSUMER_METRIC`). */
  readonly metric: (name: string) => number;
}

const SETTLE_WITHIN_MILLIS = 48 * 3_600_000;
/** What is under way at any time ends within one timeout of a function. */
const QUIET_WITHIN_MILLIS = 3_600_000;
const MOST_TOLD = 10;

export interface Progress {
  /** Whether nothing is under way, and nothing can be delivered now. */
  readonly isIdle: () => boolean;
  /** What has not come to its end, in words. */
  readonly unfinished: () => readonly string[];
  /** Reads what can only be read with patience. */
  readonly look?: () => Promise<void>;
}

/** @param thing what is tested, for errors */
export function tested(thing: string, account: Account, channels: readonly Channel[], progress: Progress) {
  const { world, faults } = account;
  async function until(isOver: () => boolean, limit: number): Promise<boolean> {
    const holds = await account.until(isOver, limit);
    await progress.look?.();
    return holds;
  }

  /** What is under way comes to its end. */
  async function quiet(): Promise<void> {
    if (await until(progress.isIdle, world.now() + QUIET_WITHIN_MILLIS)) return;
    if (progress.isIdle()) return;
    throw notSettled(QUIET_WITHIN_MILLIS);
  }

  function notSettled(millis: number): NotSettled {
    const left = progress.unfinished();
    const more = left.length > MOST_TOLD ? `, and ${left.length - MOST_TOLD} more` : '';
    const what = left.length === 0 ? 'an invocation has not ended' : `${left.slice(0, MOST_TOLD).join('; ')}${more}`;
    const gone = world.next() === undefined ? 'nothing is going to happen any more' : `after ${millis / 1_000} s`;
    const last = account.failures.at(-1);
    const failed = last === undefined ? '' : `. The last invocation that failed: ${last.message}`;
    return new NotSettled(`${thing} has not settled, ${gone}: ${what}${failed}`, { cause: last });
  }

  const parsed = (): LogLine[] => account.lines.map(lineOf);
  const base: Tested = {
    disturbCall: faults.disturbCall,
    disturbInvocation: faults.disturbInvocation,
    now: () => new Date(world.now()),
    async advance(by) {
      const to = world.now() + toMillis(by);
      await until(() => false, to);
      world.pass(to);
      await quiet();
    },
    async settle(within) {
      const millis = within === undefined ? SETTLE_WITHIN_MILLIS : toMillis(within);
      const isSettled = () => progress.isIdle() && progress.unfinished().length === 0;
      if (!(await until(isSettled, world.now() + millis)) && !isSettled()) throw notSettled(millis);
      const [first] = faults.outstanding();
      if (first === undefined) return;
      throw new NotSettled(
        `${thing} has settled, but ${first} never came to pass: there was no such request or invocation`,
      );
    },
    published<C extends Channel>(channel: C) {
      if (!channels.some(({ name }) => name === channel.name)) {
        const known = channels.map(({ name }) => name).join(', ') || 'none';
        const problem = `it has no ${channel.kind} '${channel.name}' (it has: ${known})`;
        throw new DeclarationError(
          thing,
          problem,
          'List it in `channels`, or the outbox that publishes to it in `outbox`',
        );
      }
      const events = account.published.all.filter((one) => one.channel === channel.name).map(({ event }) => event);
      return events as unknown as readonly EventOf<C['events'][number]>[];
    },
    item: account.item,
    items: account.items,
    object: account.s3.object,
    failures: () => account.failures,
    log: () => parsed().filter((line) => !('_aws' in line)),
    metric: (name) =>
      parsed()
        .flatMap((line) => ('_aws' in line && Array.isArray(line[name]) ? (line[name] as number[]) : []))
        .reduce((sum, value) => sum + value, 0),
  };
  return { base, quiet };
}

function lineOf(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return { message: line };
  }
}

/** Channels of a test: those that are listed, and those of its outbox. */
export const channelsOf = ({
  channels = [],
  outbox,
}: {
  readonly channels?: readonly Channel[];
  readonly outbox?: { readonly publishes: readonly Channel[] };
}): readonly Channel[] => [...channels, ...(outbox?.publishes ?? [])];
