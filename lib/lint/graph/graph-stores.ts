import { type KeyUse, keyUseOf } from '../policies/keys.ts';
import { isRecord, isTrue, type Json, listOf, numberOf, recordOf } from '../reading/json.ts';
import { nameOf, type Resource, type Resources } from '../reading/resources.ts';

const SECONDS_PER_DAY = 86_400;
/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html */
const QUEUE_DEFAULTS = { retentionSeconds: 4 * SECONDS_PER_DAY, visibilitySeconds: 30 } as const;
const STREAM_DEFAULT_RETENTION_HOURS = 24;

/** Numbers are undefined when they are only known at deployment. */
export interface Queue {
  readonly resource: Resource;
  /** What people call it: its physical name, or its place in the tree. */
  readonly name: string;
  readonly fifo: boolean;
  readonly retentionSeconds: number | undefined;
  readonly visibilitySeconds: number | undefined;
  readonly redrive: Redrive | undefined;
  readonly key: KeyUse;
  /** Who names it as the place for what it gives up: queues, mappings, topic subscriptions, schedules, rules. */
  readonly deadLettersOf: readonly Resource[];
}

export interface Redrive {
  /** Undefined: a queue that is not in this tree. */
  readonly target: Resource | undefined;
  readonly maxReceiveCount: number | undefined;
}

export interface StreamNode {
  readonly resource: Resource;
  readonly name: string;
  /** Undefined: on demand, or only known at deployment. */
  readonly shards: number | undefined;
  readonly retentionHours: number | undefined;
}

export function readQueues(resources: Resources): readonly Queue[] {
  const givenUpTo = readDeadLetterTargets(resources);
  return resources.of('AWS::SQS::Queue').map((resource): Queue => {
    const { properties } = resource;
    const redrive = recordOf(properties.RedrivePolicy);
    return {
      resource,
      name: displayName(resource),
      fifo: isTrue(properties.FifoQueue),
      retentionSeconds: numberOf(properties.MessageRetentionPeriod, QUEUE_DEFAULTS.retentionSeconds),
      visibilitySeconds: numberOf(properties.VisibilityTimeout, QUEUE_DEFAULTS.visibilitySeconds),
      redrive:
        redrive.deadLetterTargetArn === undefined
          ? undefined
          : {
              target: resources.target(redrive.deadLetterTargetArn, resource),
              maxReceiveCount: numberOf(redrive.maxReceiveCount, Number.NaN),
            },
      key: keyUseOf(properties.KmsMasterKeyId, resource, resources),
      deadLettersOf: givenUpTo.get(resource) ?? [],
    };
  });
}

/** A resource in messages: its physical name, or where its construct is. */
export const displayName = (resource: Resource): string => {
  const name = nameOf(resource);
  return typeof name === 'string' ? name : resource.path.replace(/\/Resource$/, '');
};

/** Properties that name where something goes that was given up, whatever resource they belong to. */
const GIVES_UP_TO = /^(deadLetterTargetArn|DeadLetterConfig|DeadLetterQueue|OnFailure)$/i;

function readDeadLetterTargets(resources: Resources): ReadonlyMap<Resource, readonly Resource[]> {
  const found = new Map<Resource, Resource[]>();
  const visit = (value: unknown, from: Resource, givesUp: boolean): void => {
    if (Array.isArray(value)) for (const one of value) visit(one, from, givesUp);
    const target = givesUp ? resources.target(value, from) : undefined;
    if (target !== undefined) found.set(target, [...(found.get(target) ?? []), from]);
    else if (isRecord(value) || typeof value === 'string')
      for (const [name, inner] of Object.entries(recordOf(value)))
        visit(inner, from, givesUp || GIVES_UP_TO.test(name));
  };
  for (const resource of resources.all) visit(resource.properties, resource, false);
  return found;
}

export const readStreams = (resources: Resources): readonly StreamNode[] =>
  resources.of('AWS::Kinesis::Stream').map((resource) => ({
    resource,
    name: displayName(resource),
    shards: shardsOf(resource.properties),
    retentionHours: numberOf(resource.properties.RetentionPeriodHours, STREAM_DEFAULT_RETENTION_HOURS),
  }));

function shardsOf({ StreamModeDetails: mode, ShardCount: count }: Json): number | undefined {
  if (listOf(recordOf(mode).StreamMode).includes('ON_DEMAND')) return undefined;
  return count === undefined ? undefined : numberOf(count, 1);
}
