import type { Log, Queue } from '../contracts/channels/channel.ts';
import { DeclarationError } from '../contracts/declaring/declaration-error.ts';
import type { AnyEventType } from '../contracts/events/event.ts';
import type { Subscription } from '../contracts/subscriptions/subscription.ts';
import { consume } from '../runtime/consuming/consume.ts';
import type { Handlers } from '../runtime/consuming/handler.ts';
import type { Resumed } from '../runtime/consuming/resume-request.ts';
import type { Runtime } from '../runtime/invocation/runtime.ts';
import type { HandlerFunction } from './lambda/instances.ts';
import { type ParkedInTest, parkedIn } from './source/parked.ts';
import type { MessageReport } from './source/reports.ts';
import type { FunctionFile } from './tested/code.ts';
import { type TestConsumerOptions, type TestedSource, testSource } from './tested/tested-source.ts';

/** A test of a consumer. */
export interface TestedConsumer<E extends AnyEventType> extends TestedSource<E> {
  /**
   * Where each message stands, in the order they were given: `done`, `duplicate`, `parked`, `dead-lettered: REASON`, `dropped` (at most once); or, while it comes again, `retried`, `deferred`,
   * `outage`, `held`, `crashed`, and `waiting` before it was delivered at all.
   */
  readonly outcomes: () => readonly string[];
  /** The same with every delivery, its time and its error. */
  readonly messages: () => readonly MessageReport[];
  /** Messages that are set aside behind a failed one, by key. */
  readonly parked: () => readonly ParkedInTest[];
  /** Has a parked key handled, as `sluice parked resume` does. */
  readonly resume: (key: string) => Promise<Resumed>;
}

/**
 * Tests the consumer of a subscription without AWS and without waiting: the real `consume()`, over services in memory, in a time of its own. Retries, deferrals, leases,
 * dead letters and order are those that the subscription declares.
 * @param code the handlers that `consume()` would get, or the file of the deployed function. With handlers each instance starts anew, as on Lambda; a file is loaded once
 * @throws DeclarationError for a subscription that is tested otherwise
 */
export function testConsumer<S extends Subscription<Queue | Log>>(
  subscription: S,
  code: NoInfer<Handlers<S['to']['events'][number]>> | FunctionFile,
  options: TestConsumerOptions = {},
): TestedConsumer<S['to']['events'][number]> {
  type E = S['to']['events'][number];
  const thing = `testConsumer('${subscription.name}')`;
  if (subscription.guarantee === 'exactly-once-aggregation')
    throw new DeclarationError(thing, "its guarantee is 'exactly-once-aggregation'", 'Test it with testAggregation()');
  const make = (runtime: Runtime) => consume(subscription, code as never, { runtime }) as unknown as HandlerFunction;
  const { source, deployed } = testSource<E>(thing, subscription, isFile(code) ? code : make, options);
  const { account } = deployed;
  return {
    ...source,
    outcomes: () =>
      deployed.reports.all().map(({ outcome, reason }) => (reason === undefined ? outcome : `${outcome}: ${reason}`)),
    messages: deployed.reports.all,
    parked: () => parkedIn(subscription, account),
    async resume(key) {
      let answer: unknown;
      account.host.invoke(deployed.function, { resume: { key } }, (ending) => {
        answer = ending.kind === 'answered' ? ending.value : (ending.error ?? new Error(`the function ${ending.how}`));
      });
      await source.given();
      if (answer instanceof Error) throw answer;
      return answer as Resumed;
    },
  };
}

const isFile = (code: object): code is FunctionFile => typeof (code as Partial<FunctionFile>).load === 'function';
