import type { IConstruct } from 'constructs';
import { templatesOf } from './construct-tree.ts';
import { type Alarm, readAlarms } from './graph-alarms.ts';
import { type DeclaredThings, NOTHING_DECLARED, readDeclared, type SwitchedOff } from './graph-declared.ts';
import { type FunctionNode, type Mapping, readMappings } from './graph-mappings.ts';
import { type Queue, readQueues, readStreams, type StreamNode } from './graph-stores.ts';
import { readSubscriptions, readTopics, type SubscriptionNode, type Topic } from './graph-topics.ts';
import { type Resources, readResources } from './resources.ts';
import type { Template } from './templates.ts';

/** Who sends messages to whom in some templates, and who watches. What the rules look at. */
export interface Graph {
  readonly resources: Resources;
  readonly queues: readonly Queue[];
  readonly streams: readonly StreamNode[];
  readonly mappings: readonly Mapping[];
  readonly functions: readonly FunctionNode[];
  readonly topics: readonly Topic[];
  readonly subscriptions: readonly SubscriptionNode[];
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
  const { mappings, functions } = readMappings(resources, queues, streams);
  const topics = readTopics(resources);
  return {
    resources,
    queues,
    streams,
    mappings,
    functions,
    topics,
    subscriptions: readSubscriptions(resources, topics, queues),
    alarms: readAlarms(resources),
    declared,
    switchedOff,
  };
}
