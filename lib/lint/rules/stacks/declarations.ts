import type { Channel } from '../../../contracts/channels/channel.ts';
import { criticalityOf } from '../../../contracts/channels/sending.ts';
import type { Duration } from '../../../contracts/declaring/duration.ts';
import type { RetryPolicy } from '../../../contracts/declaring/retry.ts';
import type { Subscription } from '../../../contracts/subscriptions/subscription.ts';
import type { Graph } from '../../graph/graph.ts';
import type { Declared } from '../../graph/graph-declared.ts';
import type { Rule } from '../../graph/rule.ts';
import type { Resource } from '../../reading/resources.ts';
import { inSeconds, quoted } from '../../reading/text.ts';
import { ordersEverything } from './global-order.ts';

/** Without more knowledge: the largest message of a channel is taken for so many times the average. */
const LARGEST_TO_AVERAGE = 4;
const SECONDS_PER_HOUR = 3_600;

const subscriptionsOf = (graph: Graph) =>
  graph.declared.subscriptions.map((at) => ({ at, subscription: at.declaration.subscription }));

const isDeployedAs = ({ resourcePath }: Declared<'channel'>, { resource }: { readonly resource: Resource }): boolean =>
  resource.path === resourcePath;

/** What a channel keeps as it is deployed; as it is declared when that is not known. */
function retentionSeconds(to: Subscription['to'], graph: Graph): number {
  const channel = graph.declared.channels.find(({ declaration }) => declaration.channel === to);
  const isIt = (one: { readonly resource: Resource }) => channel !== undefined && isDeployedAs(channel, one);
  const queue = graph.queues.find(isIt)?.retentionSeconds;
  const hours = graph.streams.find(isIt)?.retentionHours;
  return queue ?? (hours === undefined ? to.retention.seconds : hours * SECONDS_PER_HOUR);
}

/** What reads a stream without an event source mapping or a pipe. */
const OTHER_READERS = ['AWS::KinesisFirehose::DeliveryStream'];

/** Resources that read a stream, each at a position of its own. */
const readersOf = (stream: Resource, { mappings, resources }: Graph): readonly Resource[] => [
  ...mappings.filter((mapping) => mapping.stream?.resource === stream).map(({ resource }) => resource),
  ...resources.all.filter(
    (resource) =>
      OTHER_READERS.includes(resource.type) && JSON.stringify(resource.properties).includes(`"${stream.logicalId}"`),
  ),
];

/** Seconds that all tries of a message take when each waits and works as long as it may. */
function longestRetries({ attempts, base, cap, growth }: RetryPolicy, timeout: Duration): number {
  const waits = Array.from({ length: attempts - 1 }, (_, i) =>
    growth === 'fixed' ? base.seconds : Math.min(cap.seconds, base.seconds * 2 ** i),
  );
  return waits.reduce((sum, wait) => sum + wait, attempts * timeout.seconds);
}

const largestOf = ({ traffic }: Channel): { readonly bytes: number; readonly how: string } | undefined => {
  if (traffic === undefined) return undefined;
  const { largestBytes, averageBytes } = traffic;
  return largestBytes === undefined
    ? { bytes: averageBytes * LARGEST_TO_AVERAGE, how: `${LARGEST_TO_AVERAGE} x averageBytes ${averageBytes}` }
    : { bytes: largestBytes, how: `largestBytes ${largestBytes}` };
};

export const DECLARATION_RULES: readonly Rule[] = [
  {
    id: 'Messaging-DuplicatesNotHandled',
    severity: 'error',
    mistake: 'a subscription is at-least-once without an inbox and does not say why duplicates do no harm',
    why: 'Every crash, timeout and redelivery runs the handler again for a message that it has handled: a second charge, a second e-mail.',
    check: (graph) =>
      subscriptionsOf(graph)
        .filter(
          ({ subscription: s }) => s.guarantee === 'at-least-once' && s.inbox === 'none' && s.duplicates === undefined,
        )
        .map(({ at, subscription }) => ({
          at,
          property: 'guarantee',
          value: `'at-least-once' with inbox 'none' (subscription '${subscription.name}')`,
          fix: "Declare guarantee: 'effectively-once'; or say why it does no harm: duplicates: 'the counter is only a hint'.",
        })),
  },
  {
    id: 'Messaging-CriticalAcknowledgedFirst',
    severity: 'error',
    mistake: 'critical events are acknowledged before they are handled',
    why: "With at-most-once a crash loses the message, while the channel's producers wait rather than lose one of these events.",
    check: (graph) =>
      subscriptionsOf(graph).flatMap(({ at, subscription: { name, guarantee, to } }) => {
        if (guarantee !== 'at-most-once' || to.kind === 'table-changes') return [];
        const critical = to.events.map(({ type }) => type).filter((type) => criticalityOf(to, type) === 'critical');
        if (critical.length === 0) return [];
        return [
          {
            at,
            property: 'guarantee',
            value: `'at-most-once' (subscription '${name}'), while ${to.kind} '${to.name}' carries ${quoted(critical)} as critical`,
            fix: "Declare the channel with criticality: 'telemetry' (or 'normal') if losing some is allowed, or the subscription with guarantee: 'at-least-once'.",
          },
        ];
      }),
  },
  {
    id: 'Messaging-LogWhereQueueFits',
    severity: 'warning',
    mistake: 'a log has one consumer and no reason to be read again',
    why: 'A queue does the same with less: it scales by itself, retries message by message and costs nothing while it is empty.',
    check: (graph) =>
      graph.declared.channels.flatMap((declared) => {
        const { channel } = declared.declaration;
        if (channel.kind !== 'log' || channel.replay !== undefined) return [];
        const stream = graph.streams.find((one) => isDeployedAs(declared, one))?.resource;
        const consumers = subscriptionsOf(graph).filter(({ subscription }) => subscription.to === channel);
        const readers = stream === undefined ? [] : readersOf(stream, graph);
        // Only a log has positions to aggregate by.
        const aggregates = consumers.some(({ subscription: s }) => s.guarantee === 'exactly-once-aggregation');
        if (consumers.length !== 1 || readers.length > 1 || aggregates) return [];
        return [
          {
            at: declared,
            property: 'replay',
            value: `none, and '${consumers[0]?.subscription.name}' is the only consumer of log '${channel.name}'`,
            fix: "Declare queue() or fifoQueue(); or say what the log is read again for: replay: 'the search index is rebuilt from it'.",
          },
        ];
      }),
  },
  {
    id: 'Messaging-GlobalOrder',
    severity: 'warning',
    mistake: 'all messages share one group or key',
    why: 'One group is one line: one message at a time, whatever the concurrency or the number of shards, and one bad message holds up everything.',
    check: (graph) =>
      graph.declared.channels.flatMap((at) => {
        const { channel } = at.declaration;
        // The group of a queue behind a topic is the topic's.
        if ((channel.kind === 'queue' && channel.from !== undefined) || !ordersEverything(channel)) return [];
        return [
          {
            at,
            property: channel.kind === 'log' ? 'key' : 'groupBy',
            value: `the same for every event of ${channel.kind} '${channel.name}'`,
            fix: 'Order by what must be in order: key: (order) => order.orderId. Acknowledge with the reason if really everything must be, and state the ceiling.',
          },
        ];
      }),
  },
  {
    id: 'Messaging-BodyMayExceedLimit',
    severity: 'error',
    mistake: 'messages may be larger than the channel takes, without a claim check',
    why: 'Publishing such an event throws MessageTooLarge, at the customer with the longest order.',
    check: (graph) =>
      graph.declared.channels.flatMap((at) => {
        const { channel } = at.declaration;
        const largest = largestOf(channel);
        if (channel.oversized === 'claim-check' || largest === undefined || largest.bytes <= channel.maxMessageBytes)
          return [];
        if (channel.kind === 'queue' && channel.from !== undefined) return [];
        return [
          {
            at,
            property: 'traffic',
            value: `${largest.how} = ${largest.bytes} bytes; ${channel.kind} '${channel.name}' takes ${channel.maxMessageBytes}`,
            fix: "Declare oversized: 'claim-check' and pass a ClaimCheckBucket; or, if no message is that large, say so: traffic: { largestBytes }.",
          },
        ];
      }),
  },
  {
    id: 'Messaging-RetentionBelowOutage',
    severity: 'error',
    mistake: 'a channel keeps messages for less than the longest outage that its consumer must survive',
    why: 'What is not consumed when the retention ends is deleted: the outage becomes a loss.',
    check: (graph) =>
      subscriptionsOf(graph).flatMap(({ at, subscription: { name, to, toleratedOutage } }) => {
        const kept = retentionSeconds(to, graph);
        if (toleratedOutage === undefined || kept > toleratedOutage.seconds) return [];
        return [
          {
            at,
            property: 'toleratedOutage',
            value: `${inSeconds(toleratedOutage.seconds)} (subscription '${name}'); ${to.kind} '${to.name}' keeps messages ${inSeconds(kept)}`,
            fix: 'Raise retention of the channel above it (queues to 14 days, logs to 365 days; a stream of a table has 24 hours: copy it to a log).',
          },
        ];
      }),
  },
  {
    id: 'Messaging-RetriesOutliveRetention',
    severity: 'error',
    mistake: 'the declared retries take longer than the queue keeps a message',
    why: 'The message expires between two tries: it is neither done nor a dead letter.',
    check: (graph) =>
      subscriptionsOf(graph).flatMap(({ at, subscription: { name, to, retry, timeout } }) => {
        const longest = longestRetries(retry, timeout);
        const kept = retentionSeconds(to, graph);
        if (to.kind !== 'queue' || longest < kept) return [];
        return [
          {
            at,
            property: 'retry',
            value: `up to ${inSeconds(longest)} (subscription '${name}'); queue '${to.name}' keeps messages ${inSeconds(kept)}`,
            fix: 'Lower attempts or cap, or raise retention of the queue; work that is due much later is scheduled with later().',
          },
        ];
      }),
  },
];
