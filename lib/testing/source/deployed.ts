import { ENV } from '../../contracts/agreed/environment.ts';
import type { Log, Queue } from '../../contracts/channels/channel.ts';
import { toMillis } from '../../contracts/declaring/duration.ts';
import { mappingRetriesOf, maxReceiveCountOf, visibilityOf } from '../../contracts/subscriptions/delivery-numbers.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import type { Runtime } from '../../runtime/invocation/runtime.ts';
import { deaggregated } from '../../runtime/messages/aggregated-record.ts';
import { type Account, type AccountParts, openAccount } from '../account/account.ts';
import type { TestOptions } from '../account/options.ts';
import { endedWith, type FunctionSpec, type HandlerFunction } from '../lambda/instances.ts';
import { type QueueMapping, queueMapping } from '../lambda/queue-mapping.ts';
import { kinesisRecord, type StreamMapping, streamMapping } from '../lambda/stream-mapping.ts';
import { type QueueSpec, queueUrl } from '../services/sqs.ts';
import { CONTROLLER, controllerOf } from './breaker-control.ts';
import type { Outgoing } from './given.ts';
import { type Reports, reports } from './reports.ts';

/** A subscription as the constructs would deploy it, in an account in memory. */
export interface Deployed {
  readonly account: Account;
  readonly reports: Reports;
  readonly function: FunctionSpec;
  readonly deadLetters: string;
  /** Puts messages into the queue or the log, as their producers would. */
  readonly send: (messages: readonly Outgoing[]) => void;
  /** Whether nothing is under way, and nothing is there to be delivered now. */
  readonly isIdle: () => boolean;
  /** What has not come to its end, in words. */
  readonly unfinished: () => string[];
}

const UNENDING_VISIBILITY_MILLIS = 30_000;

/** @param make the function's handler, made anew for each of its instances */
export function deploy(
  subscription: Subscription<Queue | Log>,
  make: (runtime: Runtime) => HandlerFunction,
  options: TestOptions & { readonly shards?: number },
): Deployed {
  const { to, name } = subscription;
  const deadLetters = `${name}-dead-letters`;
  const followed = reports();
  let controller: ReturnType<typeof controllerOf> | undefined;
  const parts: AccountParts = {
    ...(to.kind === 'log' ? { logs: { [to.name]: options.shards ?? 1 } } : feedOf(to)),
    queues: queuesOf(subscription, deadLetters),
    queueEvents: { redriven: (_queue, { id }) => followed.givenUp(id, 'receives-exhausted') },
    env: {
      [ENV.deadLetterQueue]: queueUrl(deadLetters),
      [ENV.queue]: queueUrl(to.name),
      [ENV.breakerController]: CONTROLLER,
    },
    settled: ({ id }, { kind, reason, error }) =>
      followed.delivered(id, { at: new Date(account.world.now()), as: kind, reason, error }),
    functions: (called) => called === CONTROLLER && controller?.call(),
  };
  const account = openAccount(options, parts);
  const { world, sqs, streams } = account;
  const spec: FunctionSpec = {
    name,
    env: account.env,
    timeoutMillis: toMillis(subscription.timeout),
    start: account.placed(make),
  };
  const host = followingCrashes(account, followed);

  let mapping: QueueMapping | StreamMapping;
  if (to.kind === 'queue') {
    const { batchSize, concurrency = Number.POSITIVE_INFINITY } = subscription;
    mapping = queueMapping(world, host, sqs.queue(to.name), spec, { batchSize, concurrency }, account.mappingFaults);
    if (subscription.breaker !== undefined) controller = controllerOf(subscription, account, mapping);
  } else {
    const stream = streams.get(to.name);
    if (stream === undefined) throw new Error(`there is no log '${to.name}'`);
    mapping = streamMapping(
      world,
      host,
      stream,
      spec,
      {
        batchSize: subscription.batchSize,
        maximumRetries: mappingRetriesOf(subscription),
        recordOf: (record, shard) => kinesisRecord(record, shard, to.name),
        discarded({ condition, records }) {
          for (const { sequenceNumber } of records) followed.givenUp(sequenceNumber, condition);
          const body = JSON.stringify({ requestContext: { condition }, records: records.length });
          sqs.queue(deadLetters).send({ body, attributes: {}, by: 'mapping' });
        },
      },
      account.mappingFaults,
    );
  }

  return {
    account,
    reports: followed,
    function: spec,
    deadLetters,
    isIdle: () => account.isIdle() && mapping.isIdle(),
    send(messages) {
      for (const message of messages) {
        const { events, body, attributes, key, group, deduplicationId } = message;
        if (to.kind === 'log') {
          const data = Buffer.from(body);
          const event = { partitionKey: key, data: data.toString('base64') };
          const record = { arrivedAt: world.now(), bytes: event.data.length, event };
          const sequence = streams.get(to.name)?.append(key, record).number ?? '';
          // Events of an aggregated record are told apart by their position in it.
          if (deaggregated(data) === undefined) followed.follow(sequence, events[0] ?? sequence);
          else for (const [part, id] of events.entries()) followed.follow(`${sequence}.${part}`, id);
          continue;
        }
        const fifo = to.order === 'per-key' ? { group, deduplicationId } : {};
        const stored = sqs.queue(to.name).send({ body: body.toString(), attributes, ...fifo });
        // What a FIFO queue knows already is dropped without a word.
        if (stored !== undefined) followed.follow(stored.id, events[0] ?? stored.id);
      }
    },
    unfinished: () => [
      ...(to.kind === 'queue'
        ? followed.open().map(({ id, outcome, error, deliveries }) => {
            const why = error === undefined ? '' : `: ${error.message}`;
            return `'${id}' is ${outcome} after ${deliveries.length} deliveries${why}`;
          })
        : 'isAtEnd' in mapping && !mapping.isAtEnd()
          ? ['the log was not read to its end']
          : []),
      ...account.unfinished(),
    ],
  };
}

function feedOf(queue: Queue): Pick<AccountParts, 'feeds'> {
  if (queue.from === undefined) return {};
  return { feeds: [{ topic: queue.from.name, queue: queue.name, types: queue.events.map(({ type }) => type) }] };
}

/** Work queue and dead letters, as `WorkQueue` and `LogConsumer` make them. */
function queuesOf(subscription: Subscription<Queue | Log>, deadLetters: string): QueueSpec[] {
  const { to } = subscription;
  const fifo = to.kind === 'queue' && to.order === 'per-key';
  const letters: QueueSpec = { name: deadLetters, fifo, visibilityMillis: UNENDING_VISIBILITY_MILLIS };
  if (to.kind === 'log') return [letters];
  const redrive = { maxReceives: maxReceiveCountOf(subscription), deadLetters };
  return [letters, { name: to.name, fifo, visibilityMillis: toMillis(visibilityOf(subscription)), redrive }];
}

interface DeliveredRecord {
  readonly messageId?: string;
  readonly kinesis?: { readonly sequenceNumber: string };
}

/** What was delivered to a function that ended without a word about it has crashed it, or with it. */
function followingCrashes({ host, world }: Account, followed: Reports): Account['host'] {
  return {
    ...host,
    invoke(spec, event, ended) {
      const { Records = [] } = event as { Records?: readonly DeliveredRecord[] };
      const ids = Records.map(({ messageId, kinesis }) => messageId ?? kinesis?.sequenceNumber ?? '');
      const before = ids.map(followed.count);
      return host.invoke(spec, event, (ending) => {
        if (ending.kind === 'failed') {
          const delivered = { at: new Date(world.now()), as: 'crashed', error: endedWith(ending) };
          for (const [i, id] of ids.entries()) if (followed.count(id) === before[i]) followed.delivered(id, delivered);
        }
        ended(ending);
      });
    },
  };
}
