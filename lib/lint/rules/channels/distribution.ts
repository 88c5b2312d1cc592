import type { Graph } from '../../graph/graph.ts';
import { consumerName } from '../../graph/graph-mappings.ts';
import type { StreamNode } from '../../graph/graph-stores.ts';
import { offence, type Rule } from '../../graph/rule.ts';
import { numberOf } from '../../reading/json.ts';

const DOCS = 'https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-kinesis-stream.html';

/** Streams that choose the shard of a record themselves, whatever its partition key. */
const spreading = ({ streams }: Graph): readonly StreamNode[] =>
  streams.filter(({ resource }) => resource.properties.RecordDistributionStrategy === 'AUTO');

/** Why consumers of a stream need records of a key in one shard, and in order. */
function reliesOnKeys(stream: StreamNode, { declared, mappings }: Graph): readonly string[] {
  const channel = declared.channels.find(({ resourcePath }) => resourcePath === stream.resource.path)?.declaration;
  const subscriptions = declared.subscriptions
    .map(({ declaration: { subscription } }) => subscription)
    .filter(({ to }) => to === channel?.channel);
  const declares = subscriptions.flatMap(({ name, guarantee, to }) => {
    if (guarantee === 'exactly-once-aggregation') return [`subscription '${name}' aggregates by key`];
    return to.order === 'per-key' ? [`subscription '${name}' is in order per key`] : [];
  });
  const configured = mappings
    .filter((mapping) => mapping.stream === stream)
    .flatMap((mapping) => {
      const window = numberOf(mapping.settings.TumblingWindowInSeconds, 0) ?? 0;
      if (window > 0) return [`'${consumerName(mapping)}' keeps state over windows of ${window} s`];
      const factor = mapping.parallelization ?? 1;
      return factor > 1 ? [`'${consumerName(mapping)}' reads a shard by key, ${factor} at a time`] : [];
    });
  return [...declares, ...configured];
}

/** Streams that spread records over their shards by themselves. */
export const DISTRIBUTION_RULES: readonly Rule[] = [
  {
    id: 'Messaging-KeyOrderNotKept',
    severity: 'error',
    mistake: 'a stream ignores the partition keys that its consumers rely on',
    why: 'With record distribution AUTO records of one key come to any shard: they overtake each other, and state that is kept by key is in several places.',
    source: DOCS,
    check: (graph) =>
      spreading(graph).flatMap((stream) => {
        const reasons = reliesOnKeys(stream, graph);
        if (reasons.length === 0) return [];
        return [
          offence(
            stream,
            'RecordDistributionStrategy',
            `AUTO, while ${reasons.join('; ')}`,
            'Take RecordDistributionStrategy away: records then go by their partition key.',
          ),
        ];
      }),
  },
  {
    id: 'Messaging-PartitionKeysIgnored',
    severity: 'warning',
    mistake: 'a stream ignores partition keys',
    why: 'With record distribution AUTO there is no order per key, also for a consumer that comes later and counts on it.',
    source: DOCS,
    check: (graph) =>
      spreading(graph)
        .filter((stream) => reliesOnKeys(stream, graph).length === 0)
        .map((stream) =>
          offence(
            stream,
            'RecordDistributionStrategy',
            'AUTO',
            'Take it away; or acknowledge with the reason why no consumer needs the records of a key in order.',
          ),
        ),
  },
];
