import type { fifoQueue } from '../../../lib/contracts/channels/queue.ts';
import { type Envelope, envelope } from '../../../lib/contracts/events/envelope.ts';
import { AwsError } from '../../../lib/runtime/aws/calls/call.ts';
import { dynamodbOver } from '../../../lib/runtime/aws/dynamodb.ts';
import { WriteRefused } from '../../../lib/runtime/inbox/inbox.ts';
import type { Runtime } from '../../../lib/runtime/invocation/runtime.ts';
import { occurred, outboxWriter, SequenceConflict } from '../../../lib/runtime/outbox/outbox.ts';
import { PublishFailed, publisher } from '../../../lib/runtime/publishing/publish.ts';
import { EPOCH } from '../../../lib/testing/world/world.ts';
import { identify } from '../judging/journal.ts';
import { attributesOf, isRaw, RAW } from '../scenario/bodies.ts';
import type { EventPlan } from '../scenario/events.ts';
import { type Channels, type StepData, Stepped } from './declarations.ts';
import { STATE_TABLE } from './names.ts';
import type { Station } from './station.ts';

const WAIT_MILLIS = 1_000;
const MAX_TRIES = 12;

export interface ProducerReport {
  /** Told after each publish: events that the publisher did not name as unsent. */
  readonly sent: (ids: readonly string[]) => void;
}

/** An event of its plan, sent directly: position n of its key. */
function direct(plan: EventPlan, n: number): Envelope {
  const { ref, key, amount } = plan;
  const padding = 'x'.repeat(isRaw(plan.form) ? 0 : plan.padding);
  const id = `${key}/${plan.form === 'mismatch' ? n - 1 : n}`;
  const made = envelope(
    Stepped,
    { ref, key, n, amount, padding },
    { id, source: '/simulation', time: new Date(EPOCH + plan.at - plan.age) },
  );
  switch (plan.form) {
    case 'unknown':
      return { ...made, type: 'sim.never-declared' };
    case 'invalid':
      return { ...made, data: { ...made.data, amount: 'many' } };
    default:
      return made;
  }
}

/** Sends planned events to the station's channel through the real publisher, each key in order. What is refused is sent again. */
export async function produce(
  plans: readonly EventPlan[],
  station: Station,
  runtime: Runtime,
  address: string,
  report: ProducerReport,
): Promise<void> {
  const { to: channel } = station.subscription;
  const publish = publisher(channel as ReturnType<typeof fifoQueue>, { address }, runtime);
  const positions = new Map<string, number>();
  for (let i = 0; i < plans.length; ) {
    const plan = plans[i];
    if (plan === undefined) return;
    await runtime.sleep(EPOCH + plan.at - runtime.now());
    let due: Envelope[] = [];
    for (; i < plans.length; i++) {
      const next = plans[i];
      if (next === undefined || next.at > runtime.now() - EPOCH) break;
      const n = (positions.get(next.key) ?? 0) + 1;
      positions.set(next.key, n);
      if (!isRaw(next.form)) {
        due.push(direct(next, n));
        continue;
      }
      await publishAll(due, publish, runtime, report);
      due = [];
      await sendRaw(next, direct(next, n), runtime, address, station);
    }
    await publishAll(due, publish, runtime, report);
  }
}

async function publishAll(
  events: readonly Envelope[],
  publish: (events: readonly Envelope[]) => Promise<void>,
  runtime: Runtime,
  report: ProducerReport,
): Promise<void> {
  let pending = events;
  for (let attempt = 1; pending.length > 0 && attempt <= MAX_TRIES; attempt++) {
    try {
      await publish(pending);
      report.sent(readable(pending));
      return;
    } catch (error) {
      // A claim that could not be stored, for example: then nothing is known to be sent.
      if (error instanceof PublishFailed) {
        report.sent(readable(pending).filter((id) => !error.unsent.has(id)));
        pending = pending.filter(({ id }) => error.unsent.has(id));
      } else if (!(error instanceof AwsError || (error instanceof Error && error.name === 'NoAnswer'))) throw error;
    }
    await runtime.sleep(WAIT_MILLIS);
  }
}

/** Ids of the events that can be told apart in the channel: not of those with an id that is another's, which a FIFO queue drops. */
const readable = (events: readonly Envelope[]): string[] =>
  events.flatMap((event) => {
    const known = identify(JSON.stringify(event));
    return known === undefined || known.id !== `${known.key}/${known.n}` ? [] : [known.id];
  });

/** Not through the publisher, which would not send such a thing. */
async function sendRaw(
  { key, ref, form }: EventPlan,
  event: Envelope,
  runtime: Runtime,
  address: string,
  { plan }: Station,
): Promise<void> {
  if (!isRaw(form)) return;
  const body = RAW[form].make({ key, ref, good: JSON.stringify(event) });
  const group = plan.source === 'fifo' ? { MessageGroupId: key, MessageDeduplicationId: `raw-${ref}` } : {};
  const MessageAttributes = form === 'at-limit' ? {} : attributesOf(ref);
  const sent =
    plan.source === 'log'
      ? runtime.aws('kinesis', 'PutRecords', {
          StreamName: address,
          Records: [{ Data: body.toString('base64'), PartitionKey: key }],
        })
      : runtime.aws('sqs', 'SendMessage', {
          QueueUrl: address,
          MessageBody: body.toString('utf8'),
          MessageAttributes,
          ...group,
        });
  // A stranger's producer: whether it got through is not our matter.
  await sent.catch(() => undefined);
}

const BELIEF = { right: 0, nothing: 0, behind: -1, ahead: 2 } as const;

/** Commits planned events with a business item, as a function behind an API does: reads, decides, and again when it was overtaken. */
export async function write(plans: readonly EventPlan[], { outbox }: Channels, runtime: Runtime): Promise<void> {
  const transact = outboxWriter(outbox, runtime);
  const dynamodb = dynamodbOver(runtime.aws, runtime.id);
  let newest: number | undefined;
  for (const plan of plans) {
    await runtime.sleep(EPOCH + plan.at - runtime.now());
    newest = undefined;
    for (let attempt = 1; attempt <= MAX_TRIES; attempt++) {
      const done = await commit(plan, newest).catch((error: unknown) => {
        if (error instanceof TypeError || error instanceof RangeError) throw error;
        return false;
      });
      if (done) break;
      await runtime.sleep(WAIT_MILLIS * runtime.random());
    }
  }

  /** @returns false when somebody was faster; what a refusal told about the newest sequence is believed the next time */
  async function commit(
    { ref, key, amount, padding, believes }: EventPlan,
    told: number | undefined,
  ): Promise<boolean> {
    const pk = believes === 'nothing' ? `aggregate#${key}#again` : `aggregate#${key}`;
    const { Item } = await dynamodb('GetItem', { TableName: STATE_TABLE, Key: { pk }, ConsistentRead: true });
    const before = Item as { version: number; refs: number[] } | undefined;
    // The answer to an earlier try was lost, and it had been carried out.
    if (before?.refs.includes(ref) === true) return true;
    const after = Math.max(0, (told ?? before?.version ?? 0) + BELIEF[believes]);
    const data: StepData = { ref, key, n: after + 1, amount, padding: 'x'.repeat(padding) };
    try {
      await transact({
        aggregate: key,
        after,
        events: [occurred(Stepped, data)],
        writes: [
          {
            Put: {
              TableName: STATE_TABLE,
              Item: { pk, version: after + 1, refs: [...(before?.refs ?? []), ref] },
              ConditionExpression: before === undefined ? 'attribute_not_exists(pk)' : 'version = :version',
              ...(before === undefined ? {} : { ExpressionAttributeValues: { ':version': before.version } }),
            },
          },
        ],
      });
      return true;
    } catch (error) {
      // Whoever is wrong and is told so has nothing to say any more.
      if (error instanceof SequenceConflict && (believes === 'behind' || believes === 'ahead')) return true;
      if (error instanceof SequenceConflict && believes === 'nothing') newest = error.newest;
      if (error instanceof SequenceConflict || error instanceof WriteRefused) return false;
      throw error;
    }
  }
}
