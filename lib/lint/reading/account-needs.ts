import { at, type Json, listOf, numberOf, recordOf } from './json.ts';
import type { Template } from './templates.ts';

/** One thing that a system may have under way at once, and so may use up of an account's quota. */
export interface Need {
  readonly quota:
    | 'lambda-concurrency'
    | 'lambda-reserved'
    | 'kinesis-shards'
    | 'table-writes'
    | 'table-reads'
    | 'ses-sending';
  /** Construct path or logical id of what asks for it. */
  readonly path: string;
  /** Executions, shards or units a second at most. undefined: nothing bounds it but the account. */
  readonly most: number | undefined;
  /** Where the number comes from. */
  readonly why: string;
}

/** Shards of an on-demand stream at its creation. https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html */
const ON_DEMAND_SHARDS = 4;

/**
 * What templates ask of an account at most, by what they declare: the executions of event source mappings and of functions that are called, and the
 * shards of streams, and the units of tables that are warmed for a declared peak. What other tables take depends on traffic, and is not in a template.
 * @param callers executions at once of each function that has a URL
 */
export function accountNeeds(templates: readonly Template[], callers: number): readonly Need[] {
  return templates.flatMap((template) => {
    const resources = Object.entries(recordOf(template.body.Resources)).map(
      ([id, body]) => [id, recordOf(body)] as const,
    );
    return resources.flatMap(([id, resource]): readonly Need[] => {
      const path = template.paths?.get(id)?.replace(/\/Resource$/, '') ?? `${template.path}/${id}`;
      const properties = recordOf(resource.Properties);
      return (NEEDS[String(resource.Type)] ?? none)({ properties, resources, callers }).map((need) => ({
        path,
        ...need,
      }));
    });
  });
}

interface Asked {
  readonly properties: Json;
  readonly resources: readonly (readonly [string, Json])[];
  readonly callers: number;
}
type Found = Omit<Need, 'path'>;
const none = (): readonly Found[] => [];

const shardsOf = (stream: Json): number =>
  at(stream, 'StreamModeDetails', 'StreamMode') === 'ON_DEMAND'
    ? ON_DEMAND_SHARDS
    : (numberOf(stream.ShardCount, ON_DEMAND_SHARDS) ?? ON_DEMAND_SHARDS);

const executions = (most: number | undefined, why: string): readonly Found[] => [
  { quota: 'lambda-concurrency', most, why },
];

/** Of each table: the quota is one for any of them. */
const tableNeeds = ({ properties }: Asked): readonly Found[] => {
  const warm = recordOf(properties.WarmThroughput);
  return [
    ...units('table-writes', warm.WriteUnitsPerSecond, 'write units a second'),
    ...units('table-reads', warm.ReadUnitsPerSecond, 'read units a second'),
  ];
};
const units = (quota: Need['quota'], given: unknown, why: string): readonly Found[] => {
  const most = given === undefined ? undefined : numberOf(given, 0);
  return most === undefined ? [] : [{ quota, most, why }];
};

const reservedOf = ({ ReservedConcurrentExecutions: reserved }: Json): number | undefined =>
  reserved === undefined ? undefined : numberOf(reserved, 0);

const NEEDS: Readonly<Record<string, (asked: Asked) => readonly Found[]>> = {
  'AWS::DynamoDB::Table': tableNeeds,
  'AWS::DynamoDB::GlobalTable': tableNeeds,
  'AWS::Kinesis::Stream': ({ properties }) => [
    { quota: 'kinesis-shards', most: shardsOf(properties), why: 'its shards' },
  ],
  'AWS::Lambda::EventSourceMapping': ({ properties, resources }) => {
    if (properties.StartingPosition === undefined) {
      const declared = at(properties, 'ScalingConfig', 'MaximumConcurrency');
      const most = declared === undefined ? undefined : numberOf(declared, 0);
      return executions(most, most === undefined ? 'a queue without a maximum concurrency' : 'maximum concurrency');
    }
    const id = listOf(at(properties.EventSourceArn, 'Fn::GetAtt'))[0];
    const source = resources.find(([logicalId]) => logicalId === id)?.[1];
    const factor = numberOf(properties.ParallelizationFactor, 1) ?? 1;
    if (source?.Type === 'AWS::Kinesis::Stream') {
      const shards = shardsOf(recordOf(source.Properties));
      return executions(shards * factor, `${shards} shards x ${factor}`);
    }
    // How many partitions a table's stream has, only AWS knows: one until the table has 10 GB or 1,000 write units a second.
    return executions(factor, `a small table's stream x ${factor}`);
  },
  'AWS::Lambda::Function': ({ properties }) => {
    const most = reservedOf(properties);
    return most === undefined ? [] : [{ quota: 'lambda-reserved', most, why: 'reserved' }];
  },
  'AWS::Lambda::Url': ({ properties, resources, callers }) => {
    const target = recordOf(properties.TargetFunctionArn);
    const id = target.Ref ?? listOf(target['Fn::GetAtt'])[0];
    const reserved = reservedOf(recordOf(resources.find(([logicalId]) => logicalId === id)?.[1].Properties));
    return reserved === undefined
      ? executions(callers, 'callers at once (--callers)')
      : executions(reserved, 'reserved for callers');
  },
  'AWS::Events::Rule': () => executions(1, 'a rule'),
  'AWS::IAM::Policy': ({ properties }) =>
    JSON.stringify(properties.PolicyDocument).includes('ses:SendEmail')
      ? [{ quota: 'ses-sending', most: undefined, why: 'may send e-mail' }]
      : [],
};
