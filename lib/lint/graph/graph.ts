import type { IConstruct } from 'constructs';
import { templatesOf } from '../reading/construct-tree.ts';
import { type Resources, readResources } from '../reading/resources.ts';
import type { Template } from '../reading/templates.ts';
import { type Alarm, readAlarms } from './graph-alarms.ts';
import { type DeclaredThings, NOTHING_DECLARED, readDeclared, type SwitchedOff } from './graph-declared.ts';
import { type Delivery, readDeliveries } from './graph-deliveries.ts';
import { type FunctionNode, type Mapping, readMappings } from './graph-mappings.ts';
import { readPipes } from './graph-pipes.ts';
import { type Queue, readQueues, readStreams, type StreamNode } from './graph-stores.ts';
import { readSubscriptions, readTopics, type SubscriptionNode, type Topic } from './graph-topics.ts';

/** Who sends messages to whom in some templates, and who watches. What the rules look at. */
export interface Graph {
  readonly resources: Resources;
  readonly queues: readonly Queue[];
  readonly streams: readonly StreamNode[];
  /** Event source mappings and pipes. */
  readonly mappings: readonly Mapping[];
  readonly functions: readonly FunctionNode[];
  readonly topics: readonly Topic[];
  readonly subscriptions: readonly SubscriptionNode[];
  /** Who hands on messages to whom, whatever resource says so. */
  readonly deliveries: readonly Delivery[];
  readonly alarms: readonly Alarm[];
  /** What our constructs were made from. */
  readonly declared: DeclaredThings;
  /** Alarms that nobody needs. */
  readonly switchedOff: readonly SwitchedOff[];
}

/** @param root a synthesised app, or a construct of one */
export const readGraph = (root: IConstruct): Graph => graphOf(templatesOf(root), readDeclared(root));

/** @param declared what our constructs in the templates were made from */
export function graphOf(
  templates: readonly Template[],
  declared: DeclaredThings = NOTHING_DECLARED,
  switchedOff: readonly SwitchedOff[] = [],
): Graph {
  const resources = readResources(templates);
  const queues = readQueues(resources);
  const streams = readStreams(resources);
  const { mappings: ofLambda, functions } = readMappings(resources, queues, streams);
  const mappings = [...ofLambda, ...readPipes(resources, queues, streams)];
  const topics = readTopics(resources);
  const subscriptions = readSubscriptions(resources, topics, queues);
  return {
    resources,
    queues,
    streams,
    mappings,
    functions,
    topics,
    subscriptions,
    deliveries: readDeliveries(resources, mappings, subscriptions),
    alarms: readAlarms(resources),
    declared,
    switchedOff,
  };
}
