import type { Graph } from '../../graph/graph.ts';
import { fromQueues, fromStreams, type Mapping } from '../../graph/graph-mappings.ts';
import { type Offence, offence, type Rule } from '../../graph/rule.ts';
import { faultsIn, notLists, patternOf, unknownMembers } from '../../patterns/patterns.ts';
import { tableFaults } from '../../patterns/table-patterns.ts';
import { type Json, listOf } from '../../reading/json.ts';

const DOCS = 'https://docs.aws.amazon.com/lambda/latest/dg';

/** Members of a record, by what it comes from. */
const MESSAGE = [
  ...['messageId', 'receiptHandle', 'body', 'attributes', 'messageAttributes', 'md5OfBody'],
  ...['md5OfMessageAttributes', 'eventSource', 'eventSourceARN', 'awsRegion'],
];
const LOG_RECORD = [
  ...['kinesisSchemaVersion', 'partitionKey', 'sequenceNumber', 'data', 'approximateArrivalTimestamp'],
  ...['encryptionType', 'eventSource', 'eventVersion', 'eventID', 'eventName', 'invokeIdentityArn', 'awsRegion'],
  'eventSourceARN',
];
const EVENT = [
  ...['version', 'id', 'detail-type', 'source', 'account', 'time', 'region', 'resources', 'detail', 'replay-name'],
  'ingestion-time',
];

/** Why each of some patterns never matches; a pattern that is only known at deployment is passed over. */
const faultsOf = (patterns: readonly unknown[], faults: (pattern: Json) => readonly string[]): readonly string[] =>
  patterns.flatMap((value) => {
    const pattern = patternOf(value);
    if (pattern === undefined) return [];
    return typeof pattern === 'string' ? [pattern] : faults(pattern);
  });

const ofRecords = (known: readonly string[], kind: string) => (pattern: Json) => [
  ...faultsIn(pattern, unknownMembers(known, kind)),
  ...notLists(pattern, 'pattern'),
];

const PROPERTY = { mapping: 'FilterCriteria', pipe: 'SourceParameters.FilterCriteria' } as const;

const found = (mapping: Mapping, faults: readonly string[], fix: string): readonly Offence[] =>
  faults.length === 0 ? [] : [offence(mapping, PROPERTY[mapping.by], [...new Set(faults)].join('; '), fix)];

/** Filter policies of subscriptions, and what their scope cannot see. */
const policyFaults = (scope: unknown) => (policy: Json) => [
  ...notLists(policy, 'policy'),
  ...(scope === undefined || scope === 'MessageAttributes'
    ? faultsIn(policy, (key, condition) =>
        Array.isArray(condition) || typeof condition !== 'object'
          ? []
          : [`'${key}' looks into the body, and the scope is MessageAttributes`],
      )
    : []),
];

/** Whether filters can match anything. */
export const FILTER_RULES: readonly Rule[] = [
  {
    id: 'Messaging-TableFilterNeverMatches',
    severity: 'error',
    mistake: "a filter over a table's stream does not fit the shape of its records",
    why: 'Changes stand under dynamodb, in the images that the view holds; attributes stand under their type ({"S": ...}), and numbers are text there, which numeric never matches: records that do not match are passed over without a trace.',
    source: `${DOCS}/with-ddb-filtering.html`,
    check: (graph) =>
      fromStreams(graph)
        .filter(({ table, stream }) => table !== undefined && stream === undefined)
        .flatMap((mapping) =>
          found(
            mapping,
            faultsOf(mapping.filters, (pattern) => tableFaults(pattern, mapping.table)),
            'Write the type between attribute and condition, e.g. { dynamodb: { NewImage: { status: { S: FilterRule.isEqual("paid") } } } }; compare numbers in the function; take a StreamViewType that holds the image.',
          ),
        ),
  },
  {
    id: 'Messaging-FilterNeverMatches',
    severity: 'error',
    mistake: 'a filter does not fit the shape of what it filters',
    why: 'Nothing matches, ever, or the deployment fails: a queue deletes every message unseen, a stream passes over every record, a rule and a subscription deliver nothing.',
    source: `${DOCS}/invocation-eventfiltering.html`,
    check: (graph) => [...ofConsumers(graph), ...ofRules(graph), ...ofSubscriptions(graph)],
  },
];

const ofConsumers = (graph: Graph): readonly Offence[] => [
  ...fromQueues(graph).flatMap((mapping) =>
    found(
      mapping,
      faultsOf(mapping.filters, ofRecords(MESSAGE, 'a message of a queue')),
      'Write what is in the message under body: { body: { kind: FilterRule.isEqual("card") } }.',
    ),
  ),
  ...fromStreams(graph)
    .filter(({ stream }) => stream !== undefined)
    .flatMap((mapping) =>
      found(
        mapping,
        faultsOf(mapping.filters, ofRecords(LOG_RECORD, 'a record of a stream')),
        'Write what is in the record under data: { data: { kind: FilterRule.isEqual("card") } }; its key is partitionKey.',
      ),
    ),
];

const ofRules = ({ resources }: Graph): readonly Offence[] =>
  resources.of('AWS::Events::Rule').flatMap((resource) => {
    const faults = faultsOf(listOf(resource.properties.EventPattern), ofRecords(EVENT, 'an event'));
    if (faults.length === 0) return [];
    return [
      offence(
        { resource },
        'EventPattern',
        [...new Set(faults)].join('; '),
        'Write what is in the event under detail, and the type as detail-type: { "detail-type": ["order placed"], "detail": { "kind": ["card"] } }.',
      ),
    ];
  });

const ofSubscriptions = ({ subscriptions }: Graph): readonly Offence[] =>
  subscriptions.flatMap((subscription) => {
    const { filterPolicy, properties } = subscription;
    const faults = faultsOf(listOf(filterPolicy), policyFaults(properties.FilterPolicyScope));
    if (faults.length === 0) return [];
    return [
      offence(
        subscription,
        'FilterPolicy',
        [...new Set(faults)].join('; '),
        'Write FilterPolicyScope: MessageBody (filterPolicyWithMessageBody) to look into the body, and a list of conditions for each key.',
      ),
    ];
  });
