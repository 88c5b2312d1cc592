import { join } from 'node:path';
import { CfnOutput, Stack, Tags } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { ArnPrincipal } from 'aws-cdk-lib/aws-iam';
import { FunctionUrlAuthType } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { watchCalledFunction } from '../../constructs/alarms/function.ts';
import { type ProducerView, watchProducers } from '../../constructs/alarms/producer.ts';
import { SystemAlarms } from '../../constructs/alarms/system-alarms.ts';
import { grantSend } from '../../constructs/channels/channel-grants.ts';
import { BreakerController } from '../../constructs/consumers/breaker-controller.ts';
import { QueueConsumer } from '../../constructs/consumers/queue-consumer.ts';
import type { SystemOverview } from '../../constructs/dashboards/overview-dashboard.ts';
import { SystemDashboard } from '../../constructs/dashboards/system-dashboard.ts';
import { allow, messagingFunction } from '../../constructs/functions/messaging-function.ts';
import { SchemaRegistry } from '../../constructs/producing/schema-registry.ts';
import { removalPolicyOf, stageOf } from '../../constructs/stages/stage.ts';
import { InboxTable } from '../../constructs/stores/inbox-table.ts';
import { messagingKey } from '../../constructs/stores/messaging-key.ts';
import { seconds } from '../../contracts/declaring/duration.ts';
import type { HouseStackProps } from '../house-system.ts';
import {
  CHANNELS,
  LANES,
  type Lane,
  NOTIFICATIONS_ENV,
  type NotificationChannel,
  NotificationRequested,
  NotificationUndeliverable,
  PROVIDER_LIMITS,
  type ProviderLimit,
  SENDERS,
  triage,
} from './contract.ts';

export interface NotificationsStackProps extends HouseStackProps {
  /** What the providers take. @default PROVIDER_LIMITS */
  readonly providers?: Readonly<Partial<Record<NotificationChannel, ProviderLimit>>>;
  /** How the simulated providers behave. @default 'sluice' */
  readonly providerSeed?: string;
}

const SCHEMAS = join(import.meta.dirname, '../../../schemas');
const NOTIFY_TIMEOUT = seconds(20);

/** The notifications system ("tell them"): a stack of its own. */
export class NotificationsStack extends Stack {
  /** What the dashboard over all systems shows of this one. */
  readonly overview: SystemOverview;

  constructor(scope: Construct, id: string, props: NotificationsStackProps) {
    super(scope, id, { description: 'Sluice: notifications', ...props });
    const { codeOf, providers = {}, providerSeed = 'sluice' } = props;
    Tags.of(this).add('sluice:system', 'notifications');

    new SchemaRegistry(this, 'schemas', {
      events: [NotificationRequested, NotificationUndeliverable],
      folder: SCHEMAS,
    });
    const alarms = new SystemAlarms(this, 'alarms', { key: messagingKey(this) });
    const inbox = new InboxTable(this, 'inbox');
    const breakers = new BreakerController(this, 'breakers', { code: codeOf('notifications/breakers'), inbox, alarms });

    const requests = this.table('requests', 'notificationId', { expires: true });
    const turns = this.table('turns', 'timeline');
    const provider = this.table('provider', 'key', { expires: true });
    const undeliverable = this.table('undeliverable', 'notificationId');

    const common = { inbox, alarms };
    const judge = new QueueConsumer(this, triage, {
      ...common,
      code: codeOf('notifications/triage'),
      environment: { [NOTIFICATIONS_ENV.undeliverableTable]: undeliverable.tableName },
    });
    allow(judge.function, ['dynamodb:PutItem'], [undeliverable.tableArn]);

    const workerOf = (channel: NotificationChannel, lane: Lane): QueueConsumer => {
      const limit = providers[channel] ?? PROVIDER_LIMITS[channel];
      const worker = new QueueConsumer(this, SENDERS[channel][lane], {
        ...common,
        breakers,
        code: codeOf(`notifications/send-${channel}-${lane}`),
        environment: {
          [NOTIFICATIONS_ENV.turnsTable]: turns.tableName,
          [NOTIFICATIONS_ENV.providerTable]: provider.tableName,
          [NOTIFICATIONS_ENV.providerLimit]: JSON.stringify(limit),
          [NOTIFICATIONS_ENV.providerSeed]: providerSeed,
        },
      });
      allow(worker.function, ['dynamodb:UpdateItem'], [turns.tableArn]);
      allow(worker.function, ['dynamodb:GetItem', 'dynamodb:UpdateItem'], [provider.tableArn]);
      grantSend(worker.function, judge.work.destination);
      return worker;
    };
    const workers = CHANNELS.flatMap((channel) => LANES.map((lane) => workerOf(channel, lane)));

    const notify = messagingFunction(new Construct(this, 'notify'), 'notify', {
      code: codeOf('notifications/notify'),
      description: 'Takes a notification and replies at once',
      timeout: NOTIFY_TIMEOUT,
      reserved: stageOf(this).reservedForCallers,
      environment: { [NOTIFICATIONS_ENV.requestsTable]: requests.tableName },
    });
    allow(notify, ['dynamodb:GetItem', 'dynamodb:PutItem'], [requests.tableArn]);
    for (const { work } of workers) grantSend(notify, work.destination);
    const url = notify.addFunctionUrl({ authType: FunctionUrlAuthType.AWS_IAM });
    for (const caller of stageOf(this).callers) url.grantInvokeUrl(new ArnPrincipal(caller));

    const consumers = [...workers, judge];
    watchCalledFunction(alarms, 'notify', notify);
    const producers = consumers.map(({ work }): ProducerView => watchProducers(work, alarms, work.contract));
    const dashboard = new SystemDashboard(this, 'dashboard', {
      title: 'Notifications',
      consumers: consumers.map(({ view }) => view),
      outboxes: [],
      producers,
      alarms,
    });
    this.overview = dashboard.overview;

    this.output('Stage', stageOf(this).name);
    this.output('NotifyFunction', notify.functionName);
    this.output('NotifyUrl', url.url);
    const limitOf = (channel: NotificationChannel) => (providers[channel] ?? PROVIDER_LIMITS[channel]).perSecond;
    this.output('ProviderLimits', JSON.stringify(Object.fromEntries(CHANNELS.map((one) => [one, limitOf(one)]))));
    this.output('InboxTable', inbox.table.tableName);
    this.output('RequestsTable', requests.tableName);
    this.output('TurnsTable', turns.tableName);
    this.output('ProviderTable', provider.tableName);
    this.output('UndeliverableTable', undeliverable.tableName);
    for (const { work } of consumers) {
      const name = work.contract.name.replaceAll(/(^|-)./g, (start) => start.replace('-', '').toUpperCase());
      this.output(`${name}Queue`, work.queue.queueUrl);
      this.output(`${name}DeadLetters`, work.deadLetters.queueUrl);
    }
  }

  private output(name: string, value: string): void {
    new CfnOutput(this, name, { key: name, value });
  }

  private table(id: string, partitionKey: string, { expires = false } = {}): Table {
    return new Table(this, id, {
      partitionKey: { name: partitionKey, type: AttributeType.STRING },
      ...(expires ? { timeToLiveAttribute: 'expiresAt' } : {}),
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.AWS_MANAGED,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: removalPolicyOf(this),
    });
  }
}
