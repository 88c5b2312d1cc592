import { join } from 'node:path';
import { CfnOutput, Stack, Tags } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { ArnPrincipal } from 'aws-cdk-lib/aws-iam';
import { FunctionUrlAuthType } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { watchCalledFunction } from '../../constructs/alarms/function.ts';
import { sluiceMetric } from '../../constructs/alarms/metrics.ts';
import { watchOutbox } from '../../constructs/alarms/outbox.ts';
import { watchProducers } from '../../constructs/alarms/producer.ts';
import { SystemAlarms } from '../../constructs/alarms/system-alarms.ts';
import { QueueConsumer } from '../../constructs/consumers/queue-consumer.ts';
import type { SystemOverview } from '../../constructs/dashboards/overview-dashboard.ts';
import { SystemDashboard } from '../../constructs/dashboards/system-dashboard.ts';
import { allow, messagingFunction } from '../../constructs/functions/messaging-function.ts';
import { OutboxTable } from '../../constructs/producing/outbox-table.ts';
import { ScheduledWork } from '../../constructs/producing/scheduled-work.ts';
import { SchemaRegistry } from '../../constructs/producing/schema-registry.ts';
import { removalPolicyOf, stageOf } from '../../constructs/stages/stage.ts';
import { InboxTable } from '../../constructs/stores/inbox-table.ts';
import { messagingKey } from '../../constructs/stores/messaging-key.ts';
import { seconds } from '../../contracts/declaring/duration.ts';
import type { HouseStackProps } from '../house-system.ts';
import {
  deliverReminder,
  dueReminders,
  REMINDERS_ENV,
  REMINDERS_METRIC,
  REMINDERS_WORK,
  ReminderDue,
  remindersOutbox,
  takeDue,
  ticks,
} from './contract.ts';
import { NOTIFICATIONS_TABLE, REMINDERS_TABLE } from './stored.ts';

const SCHEMAS = join(import.meta.dirname, '../../../schemas');
const SET_REMINDER_TIMEOUT = seconds(10);
/** A reminder that has been due for so long and is not told: seconds. */
const OVERDUE_SECONDS = 300;

/** The reminders system ("in 30 minutes", "every day at 9"): a stack of its own. */
export class RemindersStack extends Stack {
  readonly overview: SystemOverview;

  constructor(scope: Construct, id: string, { codeOf, ...props }: HouseStackProps) {
    super(scope, id, { description: 'Sluice: reminders', ...props });
    Tags.of(this).add('sluice:system', 'reminders');

    new SchemaRegistry(this, 'schemas', { events: [ReminderDue], folder: SCHEMAS });
    const key = messagingKey(this);
    const alarms = new SystemAlarms(this, 'alarms', { key });
    const inbox = new InboxTable(this, 'inbox');
    const reminders = this.table('reminders', REMINDERS_TABLE);
    const { name: dueIndex, partitionKey, sortKey } = REMINDERS_TABLE.dueIndex;
    reminders.addGlobalSecondaryIndex({
      indexName: dueIndex,
      partitionKey: { name: partitionKey, type: AttributeType.STRING },
      sortKey: { name: sortKey, type: AttributeType.STRING },
      // All that is told: else each reminder would have to be read once more.
      projectionType: ProjectionType.ALL,
    });
    const notifications = this.table('notifications', NOTIFICATIONS_TABLE);

    const common = { inbox, alarms };
    const deliver = new QueueConsumer(this, deliverReminder, {
      ...common,
      code: codeOf('reminders/deliver-reminder'),
      environment: { [REMINDERS_ENV.notificationsTable]: notifications.tableName },
    });
    allow(deliver.function, ['dynamodb:PutItem'], [notifications.tableArn]);

    const outbox = new OutboxTable(this, remindersOutbox, {
      relayCode: codeOf('reminders/outbox-relay'),
      sweeperCode: codeOf('reminders/outbox-sweeper'),
      destinations: [deliver.work.destination],
    });

    const environment = { [REMINDERS_ENV.remindersTable]: reminders.tableName };
    const take = new QueueConsumer(this, takeDue, { ...common, code: codeOf('reminders/take-due'), environment });
    allow(take.function, ['dynamodb:Query'], [`${reminders.tableArn}/index/${dueIndex}`]);
    allow(take.function, ['dynamodb:UpdateItem'], [reminders.tableArn]);
    outbox.grantTransact(take.function);
    new ScheduledWork(this, 'ticks', { queue: take.work, recurring: ticks });
    const overdue = sluiceMetric(this, REMINDERS_METRIC.overdue, { work: REMINDERS_WORK }, 'Maximum');
    alarms.watch(this, {
      kind: 'oldest-message',
      name: REMINDERS_WORK,
      metric: overdue,
      settings: [{ 'oldest-message': { threshold: OVERDUE_SECONDS } }],
    });

    const setReminder = messagingFunction(new Construct(this, 'set-reminder'), 'set-reminder', {
      code: codeOf('reminders/set-reminder'),
      description: 'Sets, changes or cancels a reminder and replies at once',
      timeout: SET_REMINDER_TIMEOUT,
      reserved: stageOf(this).reservedForCallers,
      environment,
    });
    allow(setReminder, ['dynamodb:GetItem', 'dynamodb:PutItem'], [reminders.tableArn]);
    const url = setReminder.addFunctionUrl({ authType: FunctionUrlAuthType.AWS_IAM });
    for (const caller of stageOf(this).callers) url.grantInvokeUrl(new ArnPrincipal(caller));
    watchCalledFunction(alarms, 'set-reminder', setReminder);

    const dashboard = new SystemDashboard(this, 'dashboard', {
      title: 'Reminders',
      consumers: [take.view, deliver.view],
      outboxes: [watchOutbox(outbox, alarms)],
      producers: [watchProducers(deliver.work, alarms, dueReminders)],
      alarms,
    });
    this.overview = dashboard.overview;

    this.output('Stage', stageOf(this).name);
    this.output('SetReminderFunction', setReminder.functionName);
    this.output('SetReminderUrl', url.url);
    this.output('RemindersTable', reminders.tableName);
    this.output('NotificationsTable', notifications.tableName);
    this.output('OutboxTable', outbox.table.tableName);
    this.output('InboxTable', inbox.table.tableName);
    this.output('ScansQueue', take.queue.queueUrl);
    this.output('TakeDueDeadLetters', take.deadLetters.queueUrl);
    this.output('DueRemindersQueue', deliver.queue.queueUrl);
    this.output('DeliverReminderDeadLetters', deliver.deadLetters.queueUrl);
    this.output('OutboxDeadLetters', outbox.deadLetters.queueUrl);
  }

  private output(name: string, value: string): void {
    new CfnOutput(this, name, { key: name, value });
  }

  private table(
    id: string,
    keys: { readonly partitionKey: string; readonly sortKey: string; readonly expiry: string },
  ): Table {
    return new Table(this, id, {
      partitionKey: { name: keys.partitionKey, type: AttributeType.STRING },
      sortKey: { name: keys.sortKey, type: AttributeType.STRING },
      timeToLiveAttribute: keys.expiry,
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.AWS_MANAGED,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: removalPolicyOf(this),
    });
  }
}
