import { queueVerdict } from '../../local/mappings/delivery/response.ts';
import type { FaultPlan } from '../calls/faults.ts';
import type { MemoryQueue, StoredMessage } from '../services/sqs.ts';
import type { World } from '../world/world.ts';
import type { Ending, FunctionSpec, LambdaHost } from './instances.ts';

export interface MappingFaults {
  readonly plan: FaultPlan;
  /** The n-th invocation by any mapping. */
  readonly next: () => number;
  /** Of queues' mappings: whether no function starts now. */
  readonly isThrottled: () => boolean;
}

export interface QueueMappingSettings {
  readonly enabled: boolean;
  readonly batchSize: number;
  readonly concurrency: number;
}

export interface QueueMapping {
  /** Changes how it polls; what is in work goes on. */
  readonly set: (settings: QueueMappingSettings) => void;
  readonly settings: () => QueueMappingSettings;
  /** Whether nothing is to be received now. */
  readonly isIdle: () => boolean;
}

const MAX_POLL_MILLIS = 60;
/** When messages become visible early, they do so while the function is likely to work. */
const MAX_EARLY_MILLIS = 3_000;

/** Polls a queue and hands batches to a function. What the function reports stays in the queue; the rest is deleted. */
export function queueMapping(
  world: World,
  host: LambdaHost,
  queue: MemoryQueue,
  target: FunctionSpec,
  options: { readonly batchSize: number; readonly concurrency: number },
  { plan, next, isThrottled }: MappingFaults,
): QueueMapping {
  let running = 0;
  let settings: QueueMappingSettings = {
    enabled: true,
    batchSize: options.batchSize,
    concurrency: options.concurrency,
  };

  /** Times of polls to come. */
  const due = new Set<number>();

  /** A poll that finds nothing changes nothing; one that comes anyway in time is enough. */
  function pollAt(at: number): void {
    const visible = Math.max(at, world.now());
    const latest = visible + world.chance.between(1, MAX_POLL_MILLIS);
    for (const time of due) if (visible <= time && time <= latest) return;
    due.add(latest);
    world.after(latest - world.now(), () => {
      due.delete(latest);
      poll();
    });
  }

  function poll(): void {
    while (settings.enabled && running < settings.concurrency) {
      const batch = queue.receive(
        world.chance.is(0.5) ? settings.batchSize : world.chance.between(1, settings.batchSize),
      );
      if (batch.length === 0) return;
      deliver(batch);
    }
  }

  function deliver(batch: readonly StoredMessage[]): void {
    const fault = isThrottled() ? 'throttle' : plan.invoke(next());
    if (fault !== undefined) plan.fire();
    world.note(
      () => `${queue.spec.name} -> ${batch.map(shown).join(', ')}${fault === undefined ? '' : ` (fault ${fault})`}`,
    );
    const event = { Records: batch.map((message) => recordOf(message, queue)) };
    const receipts = batch.map(({ receipt }) => receipt);
    if (fault === 'throttle') return; // The messages stay in flight until their visibility timeout.
    running += 1;
    const instance = host.invoke(target, event, (ending) => {
      running -= 1;
      if (fault !== 'lost-answer') settle(batch, receipts, ending);
      pollAt(world.now());
    });
    if (fault === 'double') host.invoke(target, event, () => undefined);
    if (fault === 'kill') host.kill(instance);
    if (fault === 'visible-early') {
      for (const message of batch) {
        message.visibleAt = Math.min(message.visibleAt, world.now() + world.chance.between(1, MAX_EARLY_MILLIS));
        pollAt(message.visibleAt);
      }
    }
  }

  function settle(batch: readonly StoredMessage[], receipts: readonly string[], ending: Ending): void {
    if (ending.kind === 'failed') return;
    const verdict = queueVerdict(
      JSON.stringify(ending.value ?? null),
      batch.map(({ id }) => id),
    );
    if (verdict.kind === 'all-failed') return;
    for (const [i, message] of batch.entries()) {
      const failed = verdict.kind === 'partial' && verdict.failed.has(message.id);
      if (!failed) queue.acknowledge(message, receipts[i] ?? '');
    }
  }

  queue.onVisible = pollAt;
  return {
    settings: () => settings,
    isIdle: () => !settings.enabled || !queue.hasVisible(),
    set(next) {
      settings = next;
      if (next.enabled) pollAt(world.now());
    },
  };
}

const shown = ({ id, receives }: StoredMessage): string => `${id} (receive ${receives})`;

/** https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html */
export const recordOf = (message: StoredMessage, queue: MemoryQueue) => ({
  messageId: message.id,
  receiptHandle: message.receipt,
  body: message.body,
  attributes: {
    ApproximateReceiveCount: String(message.receives),
    SentTimestamp: String(message.sentAt),
    SenderId: 'simulator',
    ApproximateFirstReceiveTimestamp: String(message.firstReceived),
    ...(queue.spec.fifo
      ? {
          SequenceNumber: String(message.number),
          MessageGroupId: message.group,
          MessageDeduplicationId: message.deduplicationId,
        }
      : {}),
  },
  messageAttributes: Object.fromEntries(
    Object.entries(message.attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
      name,
      {
        ...(StringValue === undefined ? {} : { stringValue: StringValue }),
        ...(BinaryValue === undefined ? {} : { binaryValue: BinaryValue }),
        dataType: DataType,
        stringListValues: [],
        binaryListValues: [],
      },
    ]),
  ),
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: queue.arn,
  awsRegion: 'us-east-1',
});
