import type { Runtime } from '../runtime/invocation/runtime.ts';
import { openAccount } from './account/account.ts';
import type { TestOptions } from './account/options.ts';
import { OUTBOX_NAME } from './account/outbox.ts';
import { inPlace } from './account/place.ts';
import { channelsOf, type Tested, tested } from './tested/tested.ts';

/** A row of the outbox: an event that committed. */
export interface OutboxRowInTest {
  readonly aggregate: string;
  readonly sequence: number;
  readonly body: string;
  /** Whether the relay has not sent it yet. */
  readonly waits: boolean;
}

/** A test of something that publishes. */
export interface TestedProducer<Args extends readonly unknown[], Result> extends Tested {
  /** Calls it, and lets as much time pass as it takes. Rejects with what it throws. */
  readonly call: (...args: Args) => Promise<Result>;
  /** Rows of the outbox, in the order they committed. */
  readonly outboxRows: () => readonly OutboxRowInTest[];
}

/** Time that one call may take. */
const CALL_WITHIN_MILLIS = 24 * 3_600_000;

/**
 * Tests what publishes events, through `publisher()`, an outbox or `later()`, without AWS and without waiting.
 * @param produce is given the test's runtime, for what takes one; what takes none (`lambda`, `dynamodb`) finds it by itself. Made inside of `produce`, or in a file that
 *   is imported there: outside of it is no test
 */
export function testProducer<Args extends readonly unknown[], Result>(
  produce: (runtime: Runtime, ...args: Args) => Promise<Result>,
  options: TestOptions = {},
): TestedProducer<Args, Result> {
  const thing = 'testProducer()';
  let calls = 0;
  const account = openAccount(options, {});
  const { world, host, runner, box } = account;
  const { base, quiet } = tested(thing, account, channelsOf(options), {
    isIdle: () => calls === 0 && account.isIdle(),
    unfinished: () => [...(calls > 0 ? [`${calls} call(s) have not returned`] : []), ...account.unfinished()],
  });
  return {
    ...base,
    async call(...args) {
      const client = host.client('producer', account.env);
      const runtime = account.runtimeFor(client, client.runtime);
      let ended: { readonly value: Result } | { readonly error: unknown } | undefined;
      calls += 1;
      const end = (how: NonNullable<typeof ended>) => {
        calls -= 1;
        ended = how;
      };
      // Begun by the world, so that its time and environment are there from the first line on.
      world.after(
        0,
        () => {
          runner
            .running(client, async () => inPlace(runtime, () => produce(runtime, ...args)))
            .then(
              (value) => end({ value }),
              (error: unknown) => end({ error }),
            );
        },
        client,
      );
      await account.until(() => ended !== undefined || !client.alive, world.now() + CALL_WITHIN_MILLIS);
      if (ended === undefined) {
        calls -= 1;
        throw new Error(
          client.alive
            ? `${thing}: the call has not returned in 24 hours`
            : `${thing}: the producer ended in the middle of the call`,
        );
      }
      await quiet();
      if ('error' in ended) throw ended.error;
      return ended.value;
    },
    outboxRows: () =>
      box === undefined
        ? []
        : account.items(OUTBOX_NAME).flatMap(({ aggregateId, sequence, body, unpublished }) =>
            typeof body === 'string'
              ? [
                  {
                    aggregate: String(aggregateId),
                    sequence: Number(sequence),
                    body,
                    waits: unpublished !== undefined,
                  },
                ]
              : [],
          ),
  };
}
