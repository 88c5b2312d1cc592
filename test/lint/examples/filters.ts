import { CfnRule } from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';
import type { Example, Examples } from '../example.ts';
import { alarm, fanOut, fn, read, readMapping, work } from '../plain.ts';
import { pipe } from '../plain-relations.ts';
import { tableOf } from '../table.ts';

const criteria = (...patterns: readonly unknown[]) => ({
  filters: patterns.map((pattern) => ({ pattern: JSON.stringify(pattern) })),
});
const onQueue = (scope: Construct, pattern: unknown) => work(scope, { mapping: { filterCriteria: criteria(pattern) } });
const onLog = (scope: Construct, pattern: unknown) => read(scope, { mapping: { filterCriteria: criteria(pattern) } });
const onRule = (scope: Construct, eventPattern: object) => {
  new CfnRule(scope, 'other', { eventPattern: { source: ['shop'], 'detail-type': ['paid'] } });
  return new CfnRule(scope, 'rule', { name: 'rule', eventPattern });
};

function tableReader(scope: Construct, pattern: object, view?: string): void {
  const table = tableOf(scope, view);
  const reader = fn(scope, 'reader');
  readMapping(scope, 'changes', table.attrStreamArn, reader, {
    filterCriteria: { filters: [{ pattern: JSON.stringify(pattern) }] },
  });
  alarm(scope, 'lag', {
    namespace: 'AWS/Lambda',
    metricName: 'IteratorAge',
    dimensions: [{ name: 'FunctionName', value: reader.ref }],
  });
}

const MESSAGE =
  'messageId, receiptHandle, body, attributes, messageAttributes, md5OfBody, md5OfMessageAttributes, eventSource, eventSourceARN, awsRegion';

const queueExample = (pattern: object, member: string): Example => ({
  bad: (s) => onQueue(s, pattern),
  good: (s) => onQueue(s, { body: { kind: ['card'] }, messageAttributes: { kind: { stringValue: ['card'] } } }),
  path: 'work-mapping',
  property: 'FilterCriteria',
  value: `a message of a queue has no '${member}' (it has ${MESSAGE})`,
  fix: 'under body',
});

export const FILTER_EXAMPLES: Examples = {
  'Messaging-TableFilterNeverMatches': [
    {
      bad: (s) => tableReader(s, { dynamodb: { NewImage: { total: { N: [{ numeric: ['>', 100] }] } } } }),
      good: (s) => tableReader(s, { dynamodb: { NewImage: { status: { S: ['paid'] } } } }),
      path: 'changes',
      property: 'FilterCriteria',
      value: 'total: {"N":[{"numeric":[">",100]}]} compares text with a number',
      fix: 'compare numbers in the function',
    },
    {
      bad: (s) => tableReader(s, { dynamodb: { NewImage: { status: ['paid'] } } }),
      good: (s) => tableReader(s, { eventName: ['INSERT'] }),
      path: 'changes',
      property: 'FilterCriteria',
      value: 'status: ["paid"] lacks the type of the attribute',
      fix: '{ status: { S: FilterRule.isEqual("paid") } }',
    },
    {
      bad: (s) => tableReader(s, { body: { status: ['paid'] } }),
      good: (s) => tableReader(s, { body: [{ exists: false }], eventName: ['INSERT', 'UPSERT'] }),
      path: 'changes',
      property: 'FilterCriteria',
      value:
        "a record of a table's stream has no 'body' (it has eventID, eventName, eventVersion, eventSource, awsRegion, dynamodb, eventSourceARN, userIdentity)",
      fix: '{ dynamodb: { NewImage',
    },
    {
      bad: (s) => tableReader(s, { dynamodb: { NewImage: { status: { S: ['paid'] } } } }, 'KEYS_ONLY'),
      good: (s) => tableReader(s, { dynamodb: { Keys: { id: { S: ['a'] } } } }, 'KEYS_ONLY'),
      path: 'changes',
      property: 'FilterCriteria',
      value: 'NewImage is not in the stream, which holds KEYS_ONLY',
      fix: 'a StreamViewType that holds the image',
    },
    {
      bad: (s) => tableReader(s, { dynamodb: { NewImage: { status: { S: ['paid'] } } } }, 'OLD_IMAGE'),
      good: (s) => tableReader(s, { dynamodb: { OldImage: { status: { S: ['paid'] } } } }, 'OLD_IMAGE'),
      path: 'changes',
      property: 'FilterCriteria',
      value: 'NewImage is not in the stream, which holds OLD_IMAGE',
      fix: 'a StreamViewType that holds the image',
    },
    {
      bad: (s) => tableReader(s, { eventName: ['UPDATE'] }),
      good: (s) => tableReader(s, { eventName: ['UPDATE', 'MODIFY'] }),
      path: 'changes',
      property: 'FilterCriteria',
      value: 'eventName is ["UPDATE"] and never one of INSERT, MODIFY, REMOVE',
      fix: 'FilterRule.isEqual("paid")',
    },
    {
      bad: (s) => tableReader(s, { dynamodb: { Keys: { status: { S: ['paid'] } } } }),
      good: (s) => tableReader(s, { dynamodb: { NewImage: { order: { M: { status: { S: ['paid'] } } } } } }),
      path: 'changes',
      property: 'FilterCriteria',
      value: "Keys has no 'status' (it has id)",
      fix: 'FilterRule.isEqual("paid")',
    },
    {
      bad: (s) =>
        tableReader(
          s,
          { dynamodb: { OldImage: { status: { S: ['a'] } } }, eventName: ['INSERT'] },
          'NEW_AND_OLD_IMAGES',
        ),
      good: (s) =>
        tableReader(
          s,
          { dynamodb: { OldImage: { status: { S: ['a'] } } }, eventName: ['REMOVE'] },
          'NEW_AND_OLD_IMAGES',
        ),
      path: 'changes',
      property: 'FilterCriteria',
      value: 'OldImage is not in a record of INSERT',
      fix: 'FilterRule.isEqual("paid")',
    },
  ],
  'Messaging-FilterNeverMatches': [
    queueExample({ data: { kind: ['card'] } }, 'data'),
    queueExample({ dynamodb: { NewImage: { kind: { S: ['card'] } } } }, 'dynamodb'),
    {
      // Two filters with the same fault, and one with another: each fault is told once.
      bad: (s) =>
        work(s, { mapping: { filterCriteria: criteria({ data: ['a'] }, { data: ['b'] }, { body: { kind: 1 } }) } }),
      good: (s) => work(s, { mapping: { filterCriteria: criteria({ body: ['a'] }, { awsRegion: ['b'] }) } }),
      path: 'work-mapping',
      property: 'FilterCriteria',
      value: `a message of a queue has no 'data' (it has ${MESSAGE}); pattern.body.kind is 1 and no list`,
      fix: 'under body',
    },
    {
      bad: (s) => onQueue(s, { body: { kind: 'card' } }),
      // What need not be there may as well be anywhere; an alternative that can match is enough.
      good: (s) => onQueue(s, { data: [{ exists: false }], $or: [{ data: ['x'] }, { body: { kind: ['card'] } }] }),
      path: 'work-mapping',
      property: 'FilterCriteria',
      value: 'pattern.body.kind is "card" and no list',
      fix: 'under body',
    },
    {
      bad: (s) => onLog(s, { body: { kind: ['card'] } }),
      good: (s) => onLog(s, { data: { kind: ['card'] }, partitionKey: ['a'] }),
      path: 'log-mapping',
      property: 'FilterCriteria',
      value:
        "a record of a stream has no 'body' (it has kinesisSchemaVersion, partitionKey, sequenceNumber, data, approximateArrivalTimestamp, encryptionType, eventSource, eventVersion, eventID, eventName, invokeIdentityArn, awsRegion, eventSourceARN)",
      fix: 'under data',
    },
    {
      bad: (s) => pipe(s, work(s).queue.attrArn, { filterCriteria: criteria({ detail: { kind: ['card'] } }) }),
      good: (s) => pipe(s, work(s).queue.attrArn, { filterCriteria: criteria({ body: { kind: ['card'] } }) }),
      path: 'pipe',
      property: 'SourceParameters.FilterCriteria',
      value: `a message of a queue has no 'detail' (it has ${MESSAGE})`,
      fix: 'under body',
    },
    {
      bad: (s) => onRule(s, { source: ['shop'], kind: ['card'] }),
      good: (s) => onRule(s, { source: ['shop'], 'detail-type': ['order placed'], detail: { kind: ['card'] } }),
      path: 'rule',
      property: 'EventPattern',
      value:
        "an event has no 'kind' (it has version, id, detail-type, source, account, time, region, resources, detail, replay-name, ingestion-time)",
      fix: '"detail-type"',
    },
    {
      bad: (s) => fanOut(s, { subscription: { filterPolicy: { order: { kind: ['card'] } } } }),
      good: (s) =>
        fanOut(s, {
          subscription: { filterPolicy: { order: { kind: ['card'] } }, filterPolicyScope: 'MessageBody' },
        }),
      path: 'subscription',
      property: 'FilterPolicy',
      value: "'order' looks into the body, and the scope is MessageAttributes",
      fix: 'FilterPolicyScope: MessageBody',
    },
  ],
};
