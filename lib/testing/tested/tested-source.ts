import type { Log, Queue } from '../../contracts/channels/channel.ts';
import { type Duration, toMillis } from '../../contracts/declaring/duration.ts';
import { type Envelope, type EnvelopeContext, envelope } from '../../contracts/events/envelope.ts';
import type { AnyEventType, DataOf } from '../../contracts/events/event.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import type { EventOf } from '../../runtime/aggregation/aggregate.ts';
import type { Runtime } from '../../runtime/invocation/runtime.ts';
import type { ClaimedData } from '../../runtime/messages/claim-check.ts';
import { CLAIMS_NAME } from '../account/addresses.ts';
import type { TestOptions } from '../account/options.ts';
import type { HandlerFunction } from '../lambda/instances.ts';
import { type Deployed, deploy } from '../source/deployed.ts';
import { type Given, outgoing, type Sent } from '../source/given.ts';
import { lettersIn, type TestedLetter } from '../source/letters.ts';
import { redrive } from '../source/redrive.ts';
import { type FunctionFile, type LoadedFunction, loadedFunction } from './code.ts';
import { channelsOf, type Tested, tested } from './tested.ts';

/** What a test of something that consumes can do and see. */
export interface TestedSource<E extends AnyEventType> extends Tested {
  /** An event that came to be now. @param context what else is to be in its envelope. @default an id of its own, `TYPE-NUMBER` */
  readonly event: <T extends E>(type: T, data: DataOf<T>, context?: Partial<EnvelopeContext>) => EventOf<T>;
  /** An event that was published so often: as many messages, one event. @param copies @default 2 */
  readonly twice: (event: EventOf<E>, copies?: number) => Sent<EventOf<E>>;
  /** The same event, as if it had happened so long ago. */
  readonly late: (event: EventOf<E>, by: Duration) => EventOf<E>;
  /** A body that is no event. @param key its message group, or partition key. @default 'broken' */
  readonly broken: (body: string | Buffer, key?: string) => Sent<EventOf<E>>;
  /**
   * Messages come, all at once, as their producers would send them; the function is called with batches of them until nothing more can be done now. What is to come
   * again later does so when time passes.
   */
  readonly given: (...messages: readonly Given<EventOf<E>>[]) => Promise<void>;
  /** What lies in the dead letters. */
  readonly deadLetters: () => readonly TestedLetter[];
  /** Sends all dead letters back, as `sluice redrive` does. */
  readonly redrive: () => Promise<void>;
}

/** What a test of a consumer may say. */
export interface TestConsumerOptions extends TestOptions {
  /** Logs: how many shards there are. @default 1 */
  readonly shards?: number;
}

/** What tests of consumers and aggregations have in common. */
export function testSource<E extends AnyEventType>(
  thing: string,
  subscription: Subscription<Queue | Log>,
  code: FunctionFile | ((runtime: Runtime) => HandlerFunction),
  options: TestConsumerOptions,
): { readonly source: TestedSource<E>; readonly deployed: Deployed } {
  const file = typeof code === 'function' ? undefined : loadedFunction(thing, code);
  const make = typeof code === 'function' ? code : () => (file as LoadedFunction).handler;
  const deployed = deploy(subscription, make, options);
  const { account, send } = deployed;
  const { world, s3, sqs, direct, env } = account;
  let letters: readonly TestedLetter[] = [];
  const looked = { aws: direct, env: (name: string) => env[name] };
  const { base, quiet } = tested(thing, account, channelsOf(options), {
    isIdle: deployed.isIdle,
    unfinished: deployed.unfinished,
    async look() {
      letters = await lettersIn(sqs.queue(deployed.deadLetters), subscription.name, looked);
    },
  });
  const channel = subscription.to.kind === 'queue' ? (subscription.to.from ?? subscription.to) : subscription.to;
  let made = 0;
  const source: TestedSource<E> = {
    ...base,
    event: (type, data, context = {}) =>
      envelope(type, data, {
        id: `${type.type}-${++made}`,
        source: '/test',
        time: new Date(world.now()),
        ...context,
      }) as EventOf<typeof type>,
    twice: (event, copies = 2) => ({ copiesOf: event, copies }),
    late: (event, by) => ({ ...event, time: new Date(Date.parse(event.time) - toMillis(by)).toISOString() }),
    broken: (body, key = 'broken') => ({ body, key }),
    async given(...messages) {
      await file?.ready(account);
      const store = ({ claim, content }: ClaimedData) =>
        void s3.call('PutObject', { Bucket: claim.bucket, Key: claim.key, Body: content });
      send(outgoing(channel, messages as readonly Given<Envelope>[], CLAIMS_NAME, store, () => ++made));
      await quiet();
    },
    deadLetters: () => letters,
    async redrive() {
      redrive(subscription, deployed);
      await quiet();
    },
  };
  return { source, deployed };
}
