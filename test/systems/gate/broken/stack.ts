import { CfnOutput, Stack } from 'aws-cdk-lib';
import { Alarm, GraphWidget, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { SystemAlarms } from '../../../../lib/constructs/alarms/system-alarms.ts';
import { EventTopic } from '../../../../lib/constructs/channels/event-topic.ts';
import { QueueConsumer } from '../../../../lib/constructs/consumers/queue-consumer.ts';
import type { SystemOverview } from '../../../../lib/constructs/dashboards/overview-dashboard.ts';
import { SystemDashboard } from '../../../../lib/constructs/dashboards/system-dashboard.ts';
import { allow } from '../../../../lib/constructs/functions/messaging-function.ts';
import { InboxTable } from '../../../../lib/constructs/stores/inbox-table.ts';
import { messagingKey } from '../../../../lib/constructs/stores/messaging-key.ts';
import type { HouseStackProps } from '../../../../lib/systems/house-system.ts';
import { countThings, things, throwThings } from './contract.ts';

export class BrokenStack extends Stack {
  readonly overview: SystemOverview;

  constructor(scope: Construct, id: string, { codeOf, ...props }: HouseStackProps) {
    super(scope, id, props);
    const key = messagingKey(this);
    const alarms = new SystemAlarms(this, 'alarms', { key });
    const topic = new EventTopic(this, things, { key });
    const inbox = new InboxTable(this, 'inbox');
    // Neither encrypted by us nor recoverable.
    const counts = new Table(this, 'counts', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
    });
    const common = { inbox, alarms, topic, environment: { COUNTS_TABLE: counts.tableName } };
    const count = new QueueConsumer(this, countThings, { ...common, code: codeOf('broken/count-things') });
    // Scan is what nothing does.
    allow(count.function, ['dynamodb:UpdateItem', 'dynamodb:Scan'], [counts.tableArn]);
    const failing = new QueueConsumer(this, throwThings, { ...common, code: codeOf('broken/throw-things') });
    // Nobody reads it; requests without TLS are taken.
    const forgotten = new CfnQueue(this, 'forgotten', { queueName: `${id}-forgotten`, sqsManagedSseEnabled: false });

    const nobody = new Metric({ namespace: 'Nobody', metricName: 'Nothing' });
    new Alarm(this, 'silent', { metric: nobody, threshold: 1, evaluationPeriods: 1 });
    const never = new MathExpression({ expression: '0 * m', usingMetrics: { m: nobody }, label: 'never' });
    new Alarm(this, 'stuck', { metric: never, threshold: 1, evaluationPeriods: 1 });
    const dashboard = new SystemDashboard(this, 'dashboard', {
      ...{ title: 'Broken', consumers: [count.view, failing.view], outboxes: [], producers: [], alarms },
    });
    dashboard.dashboard?.addWidgets(new GraphWidget({ title: 'Nothing', left: [nobody] }));
    this.overview = dashboard.overview;
    for (const [name, value] of Object.entries({
      ...{ Topic: topic.destination.address, Forgotten: forgotten.attrQueueUrl, Counts: counts.tableName },
    }))
      new CfnOutput(this, `output${name}`, { key: name, value });
  }
}
