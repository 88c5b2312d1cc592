import { join } from 'node:path';
import { CfnOutput, Stack, Tags } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { ArnPrincipal } from 'aws-cdk-lib/aws-iam';
import { FunctionUrlAuthType } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { watchFunction } from '../../constructs/alarms/function.ts';
import { watchProducers } from '../../constructs/alarms/producer.ts';
import { SystemAlarms } from '../../constructs/alarms/system-alarms.ts';
import { grantSend } from '../../constructs/channels/channel-grants.ts';
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
import { GIFT_CARDS_ENV, giftCards, handleGiftCards } from './contract.ts';

const SCHEMAS = join(import.meta.dirname, '../../../schemas');

const TAKE_TIMEOUT = seconds(20);

/** The gift-cards system: a stack of its own. */
export class GiftCardsStack extends Stack {
  /** What a dashboard over all systems shows of this one. */
  readonly overview: SystemOverview;

  constructor(scope: Construct, id: string, { codeOf, ...props }: HouseStackProps) {
    super(scope, id, { description: 'gift-cards', ...props });
    Tags.of(this).add('sluice:system', 'gift-cards');
    new SchemaRegistry(this, 'schemas', { events: giftCards.events, folder: SCHEMAS });
    const key = messagingKey(this);
    const alarms = new SystemAlarms(this, 'alarms', { key });
    const inbox = new InboxTable(this, 'inbox');
    const handled = new Table(this, 'handled', {
      partitionKey: { name: 'id', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.AWS_MANAGED,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: removalPolicyOf(this),
    });

    const common = { inbox, alarms };
    const handle = new QueueConsumer(this, handleGiftCards, {
      ...common,
      code: codeOf('gift-cards/handle-gift-cards'),
      environment: { [GIFT_CARDS_ENV.handledTable]: handled.tableName },
    });
    allow(handle.function, ['dynamodb:PutItem'], [handled.tableArn]);

    const take = messagingFunction(new Construct(this, 'take-gift-cards'), 'take-gift-cards', {
      code: codeOf('gift-cards/take-gift-cards'),
      description: 'Takes a request and replies at once',
      timeout: TAKE_TIMEOUT,
      reserved: stageOf(this).reservedForCallers,
    });
    grantSend(take, handle.work.destination);
    const url = take.addFunctionUrl({ authType: FunctionUrlAuthType.AWS_IAM });
    for (const caller of stageOf(this).callers) url.grantInvokeUrl(new ArnPrincipal(caller));
    watchFunction(alarms, 'take-gift-cards', take);

    const consumers = [handle];
    const dashboard = new SystemDashboard(this, 'dashboard', {
      title: 'GiftCards',
      consumers: consumers.map(({ view }) => view),
      outboxes: [],
      producers: [watchProducers(handle, alarms, giftCards)],
      alarms,
    });
    this.overview = dashboard.overview;
    this.output('TakeFunction', take.functionName);
    this.output('HandledTable', handled.tableName);
  }

  private output(name: string, value: string): void {
    new CfnOutput(this, name, { key: name, value });
  }
}
