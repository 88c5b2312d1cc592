import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { AttributeType, type ITable, StreamViewType, Table, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { FilterRule } from 'aws-cdk-lib/aws-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SystemAlarms } from '../../lib/constructs/alarms/system-alarms.ts';
import { EventLog } from '../../lib/constructs/channels/event-log.ts';
import { BreakerController } from '../../lib/constructs/consumers/breaker-controller.ts';
import { LogConsumer } from '../../lib/constructs/consumers/log-consumer.ts';
import { TableChangesConsumer } from '../../lib/constructs/consumers/table-changes-consumer.ts';
import { InboxTable } from '../../lib/constructs/stores/inbox-table.ts';
import { messagingKey } from '../../lib/constructs/stores/messaging-key.ts';
import { tableChanges } from '../../lib/contracts/channels/table-changes.ts';
import { seconds } from '../../lib/contracts/declaring/duration.ts';
import { immediate } from '../../lib/contracts/declaring/retry.ts';
import { breaker, subscription } from '../../lib/contracts/subscriptions/subscription.ts';
import { ticketLog } from '../contracts/sample-declarations.ts';

let code: string;
beforeAll(() => {
  code = mkdtempSync(join(tmpdir(), 'sluice-streams-'));
  writeFileSync(join(code, 'index.mjs'), 'export const handler = async () => undefined;\n');
});
afterAll(() => rmSync(code, { recursive: true }));

function parts() {
  const stack = new Stack(new App(), 'test-tickets');
  const key = messagingKey(stack);
  const common = { code, inbox: new InboxTable(stack, 'inbox'), alarms: new SystemAlarms(stack, 'alarms', { key }) };
  const table = (stream?: StreamViewType) =>
    new Table(stack, 'shelf', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      ...(stream === undefined ? {} : { stream }),
    });
  return { stack, common, table };
}

const MAPPING = 'AWS::Lambda::EventSourceMapping';
const reader = subscription('reader', {
  to: tableChanges('shelf-changes'),
  retry: immediate({ attempts: 4 }),
  batchWindow: seconds(2),
});

describe('a consumer of table changes', () => {
  it('has a mapping with an end to its retries, partial responses, splitting and a destination', () => {
    const { stack, common, table } = parts();
    new TableChangesConsumer(stack, reader, { ...common, table: table(StreamViewType.NEW_AND_OLD_IMAGES) });
    const template = Template.fromStack(stack);
    template.hasResourceProperties(MAPPING, {
      StartingPosition: 'TRIM_HORIZON',
      BatchSize: 100,
      MaximumBatchingWindowInSeconds: 2,
      MaximumRetryAttempts: 4 * 100 + 50,
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      DestinationConfig: { OnFailure: { Destination: Match.anyValue() } },
      FilterCriteria: Match.absent(),
    });
    template.hasResourceProperties('AWS::SQS::Queue', { QueueName: 'test-tickets-reader-dead-letters' });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'test-tickets-reader-iterator-age',
      Threshold: 12 * 3_600_000,
      AlarmDescription: Match.stringLikeRegexp(
        'more than 50 % of the retention of the table.s stream behind .* keeps 24 hours and no more\\. Runbook: ',
      ),
    });
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([Match.objectLike({ Action: Match.arrayWith(['dynamodb:GetRecords']) })]),
      },
    });
  });

  it('is only called for the declared changes, and for what the filters let through', () => {
    const { stack, common, table } = parts();
    const to = tableChanges('shelf-changes', { view: 'new-image', changes: ['insert', 'modify'] });
    new TableChangesConsumer(stack, subscription('reader', { to }), {
      ...common,
      table: table(StreamViewType.NEW_IMAGE),
      filters: [
        { dynamodb: { Keys: { pk: { S: FilterRule.beginsWith('a') } } } },
        { dynamodb: { Keys: { pk: { S: FilterRule.beginsWith('b') } } } },
      ],
    });
    const eventName = ['INSERT', 'MODIFY'];
    const pattern = (prefix: string) => JSON.stringify({ dynamodb: { Keys: { pk: { S: [{ prefix }] } } }, eventName });
    Template.fromStack(stack).hasResourceProperties(MAPPING, {
      FilterCriteria: { Filters: [{ Pattern: pattern('a') }, { Pattern: pattern('b') }] },
    });
  });

  it('is only called for the declared changes without filters of its own', () => {
    const { stack, common, table } = parts();
    const to = tableChanges('shelf-changes', { changes: ['remove'] });
    const props = { ...common, table: table(StreamViewType.NEW_AND_OLD_IMAGES) };
    new TableChangesConsumer(stack, subscription('reader', { to }), props);
    Template.fromStack(stack).hasResourceProperties(MAPPING, {
      FilterCriteria: { Filters: [{ Pattern: '{"eventName":["REMOVE"]}' }] },
    });
  });

  it.each<[string, (p: ReturnType<typeof parts>) => ITable, string]>([
    ['without a stream', ({ table }) => table(), "but the stream of table 'shelf' is not switched on; make the table"],
    [
      'with a stream of another view',
      ({ table }) => table(StreamViewType.KEYS_ONLY),
      "subscription 'reader' is declared on table changes 'shelf-changes' of view 'new-and-old-images', but the stream of table 'shelf' shows 'keys-only'; make the table with stream: StreamViewType.NEW_AND_OLD_IMAGES",
    ],
    [
      'of the second kind with a stream of another view',
      ({ stack }) =>
        new TableV2(stack, 'shelf', {
          partitionKey: { name: 'pk', type: AttributeType.STRING },
          dynamoStream: StreamViewType.NEW_IMAGE,
        }),
      "but the stream of table 'shelf' shows 'new-image'",
    ],
  ])('refuses a table %s', (_, table, message) => {
    const p = parts();
    expect(() => new TableChangesConsumer(p.stack, reader, { ...p.common, table: table(p) })).toThrow(message);
  });

  it('takes a table that another stack has made, whose view it cannot see', () => {
    const { stack, common } = parts();
    const table = Table.fromTableAttributes(stack, 'shelf', {
      tableName: 'shelf',
      tableStreamArn: 'arn:aws:dynamodb:us-east-1:111111111111:table/shelf/stream/2026-11-20T08:00:00.000',
    });
    new TableChangesConsumer(stack, reader, { ...common, table });
    Template.fromStack(stack).resourceCountIs(MAPPING, 1);
  });

  it('refuses six filters', () => {
    const { stack, common, table } = parts();
    const filters = Array.from({ length: 6 }, () => ({}));
    const props = { ...common, table: table(StreamViewType.NEW_AND_OLD_IMAGES), filters };
    expect(() => new TableChangesConsumer(stack, reader, props)).toThrow(
      "subscription 'reader' has 6 filters, and an event source mapping takes 5",
    );
  });
});

describe('a breaker of a stream', () => {
  const watched = subscription('watched', { to: ticketLog, breaker: breaker() });

  it('needs a controller', () => {
    const { stack, common } = parts();
    expect(() => new LogConsumer(stack, watched, { ...common, log: new EventLog(stack, ticketLog) })).toThrow(
      "subscription 'watched' declares a breaker; pass the BreakerController that switches its event source mapping as 'breakers'",
    );
  });

  it('is looked after by it, as the breaker of a stream', () => {
    const { stack, common } = parts();
    const breakers = new BreakerController(stack, 'breakers', { code, inbox: common.inbox });
    new LogConsumer(stack, watched, { ...common, breakers, log: new EventLog(stack, ticketLog) });
    const functions = Template.fromStack(stack).findResources('AWS::Lambda::Function', {
      Properties: { FunctionName: 'test-tickets-breakers' },
    });
    const [controller] = Object.values(functions);
    expect(JSON.stringify(controller?.Properties.Environment.Variables.SLUICE_MAPPINGS)).toContain(
      String.raw`\"source\":\"stream\",\"batchSize\":100`,
    );
  });
});
