import { join } from 'node:path';
import { CfnOutput, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { ArnPrincipal } from 'aws-cdk-lib/aws-iam';
import { FunctionUrlAuthType } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { watchCalledFunction } from '../../constructs/alarms/function.ts';
import { watchOutbox } from '../../constructs/alarms/outbox.ts';
import { watchProducers } from '../../constructs/alarms/producer.ts';
import { SystemAlarms } from '../../constructs/alarms/system-alarms.ts';
import { EventLog } from '../../constructs/channels/event-log.ts';
import { EventTopic } from '../../constructs/channels/event-topic.ts';
import { LogConsumer } from '../../constructs/consumers/log-consumer.ts';
import { QueueConsumer } from '../../constructs/consumers/queue-consumer.ts';
import type { SystemOverview } from '../../constructs/dashboards/overview-dashboard.ts';
import { SystemDashboard } from '../../constructs/dashboards/system-dashboard.ts';
import { allow, messagingFunction } from '../../constructs/functions/messaging-function.ts';
import { OutboxTable } from '../../constructs/producing/outbox-table.ts';
import { OutgoingMail } from '../../constructs/producing/outgoing-mail.ts';
import { SchemaRegistry } from '../../constructs/producing/schema-registry.ts';
import { removalPolicyOf, stageOf } from '../../constructs/stages/stage.ts';
import { ClaimCheckBucket } from '../../constructs/stores/claim-check-bucket.ts';
import { dataBucket } from '../../constructs/stores/data-bucket.ts';
import { InboxTable } from '../../constructs/stores/inbox-table.ts';
import { messagingKey } from '../../constructs/stores/messaging-key.ts';
import { warmTable } from '../../constructs/stores/warm-table.ts';
import { seconds } from '../../contracts/declaring/duration.ts';
import { loadOf } from '../../contracts/declaring/table-capacity.ts';
import { peakOf } from '../../contracts/subscriptions/table-units.ts';
import {
  chargeCard,
  makeInvoice,
  ORDERS_ENV,
  orderLog,
  ordersOutbox,
  orderTopic,
  reserveStock,
  STOCK_UNITS,
  salesTotals,
  sendEmail,
} from './contract.ts';

export interface OrdersStackProps extends StackProps {
  /** Folder of a function's bundle, from `bundleFunctions()`. */
  readonly codeOf: (entry: string) => string;
  /** How the simulated payment provider behaves. @default 'sluice' */
  readonly providerSeed?: string;
}

const SCHEMAS = join(import.meta.dirname, '../../../schemas');

const PLACE_ORDER_TIMEOUT = seconds(20);
/** Rendering a PDF is work for the processor, and Lambda gives processor by memory. */
const INVOICE_MEMORY_MIB = 1_024;

/** The orders system ("buy now"): a stack of its own. */
export class OrdersStack extends Stack {
  /** What the dashboard over all systems shows of this one. */
  readonly overview: SystemOverview;

  constructor(scope: Construct, id: string, props: OrdersStackProps) {
    super(scope, id, { description: 'Sluice: orders', ...props });
    const { codeOf, providerSeed = 'sluice' } = props;
    Tags.of(this).add('sluice:system', 'orders');

    new SchemaRegistry(this, 'schemas', { events: orderLog.events, folder: SCHEMAS });
    const key = messagingKey(this);
    const alarms = new SystemAlarms(this, 'alarms', { key });
    const claims = new ClaimCheckBucket(this, 'claims', { channels: [orderLog, orderTopic] });
    const log = new EventLog(this, orderLog, { claims });
    const topic = new EventTopic(this, orderTopic, { key, claims });
    const inbox = new InboxTable(this, 'inbox');
    const outbox = new OutboxTable(this, ordersOutbox, {
      relayCode: codeOf('orders/outbox-relay'),
      sweeperCode: codeOf('orders/outbox-sweeper'),
      destinations: [log.destination, topic.destination],
    });

    const orders = this.table('orders', 'orderId');
    const payments = this.table('payments', 'orderId', { name: 'sequence', type: AttributeType.NUMBER });
    const provider = this.table('provider', 'idempotencyKey');
    const stock = this.table('stock', 'sku');
    // The inventory alone is asked for more than one or two items with each order.
    warmTable(stock, () => [loadOf(peakOf(reserveStock), STOCK_UNITS)]);
    const reservations = this.table('reservations', 'orderId', { name: 'part', type: AttributeType.STRING });
    const totals = this.table('totals', 'minute', { name: 'country', type: AttributeType.STRING });
    const invoices = dataBucket(this, 'invoices', { versioned: true });
    const mail = new OutgoingMail(this, 'mail');

    const placeOrder = messagingFunction(new Construct(this, 'place-order'), 'place-order', {
      code: codeOf('orders/place-order'),
      description: 'Takes an order or a cancellation and replies at once',
      timeout: PLACE_ORDER_TIMEOUT,
      reserved: stageOf(this).reservedForCallers,
      environment: { [ORDERS_ENV.ordersTable]: orders.tableName },
    });
    allow(placeOrder, ['dynamodb:GetItem', 'dynamodb:PutItem'], [orders.tableArn]);
    outbox.grantTransact(placeOrder);
    const url = placeOrder.addFunctionUrl({ authType: FunctionUrlAuthType.AWS_IAM });
    for (const caller of stageOf(this).callers) url.grantInvokeUrl(new ArnPrincipal(caller));

    const common = { inbox, alarms };
    const charge = new QueueConsumer(this, chargeCard, {
      ...common,
      topic,
      code: codeOf('orders/charge-card'),
      environment: {
        [ORDERS_ENV.paymentsTable]: payments.tableName,
        [ORDERS_ENV.providerTable]: provider.tableName,
        [ORDERS_ENV.providerSeed]: providerSeed,
      },
    });
    allow(charge.function, ['dynamodb:GetItem', 'dynamodb:PutItem'], [payments.tableArn]);
    allow(charge.function, ['dynamodb:UpdateItem'], [provider.tableArn]);

    const reserve = new QueueConsumer(this, reserveStock, {
      ...common,
      topic,
      code: codeOf('orders/reserve-stock'),
      environment: {
        [ORDERS_ENV.stockTable]: stock.tableName,
        [ORDERS_ENV.reservationsTable]: reservations.tableName,
      },
    });
    allow(reserve.function, ['dynamodb:BatchGetItem', 'dynamodb:UpdateItem'], [stock.tableArn]);
    allow(reserve.function, ['dynamodb:Query', 'dynamodb:PutItem'], [reservations.tableArn]);

    const invoice = new QueueConsumer(this, makeInvoice, {
      ...common,
      topic,
      code: codeOf('orders/make-invoice'),
      memory: INVOICE_MEMORY_MIB,
      environment: { [ORDERS_ENV.invoicesBucket]: invoices.bucketName },
    });
    allow(
      invoice.function,
      ['s3:PutObject'],
      [invoices.arnForObjects('invoices/*')],
      'an invoice is named by its order, which is known when it is placed',
    );

    const paced = mail.paced(sendEmail);
    const email = new QueueConsumer(this, paced, { ...common, topic, code: codeOf('orders/send-email') });
    mail.grant(email.function, ORDERS_ENV.mail, paced);

    const sales = new LogConsumer(this, salesTotals, {
      ...common,
      log,
      code: codeOf('orders/sales-totals'),
      environment: { [ORDERS_ENV.totalsTable]: totals.tableName },
    });
    allow(sales.function, ['dynamodb:UpdateItem'], [totals.tableArn]);

    const consumers = [charge, reserve, invoice, email, sales];
    watchCalledFunction(alarms, 'place-order', placeOrder);
    const dashboard = new SystemDashboard(this, 'dashboard', {
      title: 'Orders',
      consumers: consumers.map(({ view }) => view),
      outboxes: [watchOutbox(outbox, alarms)],
      producers: [log, topic].map((channel) => watchProducers(channel, alarms, channel.contract)),
      alarms,
    });
    this.overview = dashboard.overview;

    this.output('Stage', stageOf(this).name);
    this.output('PlaceOrderFunction', placeOrder.functionName);
    this.output('PlaceOrderUrl', url.url);
    this.output('OutboxTable', outbox.table.tableName);
    this.output('InboxTable', inbox.table.tableName);
    this.output('OrdersTable', orders.tableName);
    this.output('PaymentsTable', payments.tableName);
    this.output('ProviderTable', provider.tableName);
    this.output('StockTable', stock.tableName);
    this.output('ReservationsTable', reservations.tableName);
    this.output('TotalsTable', totals.tableName);
    this.output('InvoicesBucket', invoices.bucketName);
    if (mail.bucket !== undefined) this.output('MailsBucket', mail.bucket.bucketName);
    this.output('ClaimsBucket', claims.bucket.bucketName);
    this.output('OrderLog', log.destination.address);
    this.output('OrderTopic', topic.destination.address);
    for (const { work } of [charge, reserve, invoice, email]) {
      const id = work.contract.name.replace(/^./, (first) => first.toUpperCase());
      this.output(`${id}Queue`, work.queue.queueUrl);
      this.output(`${id}DeadLetters`, work.deadLetters.queueUrl);
      if (work.subscription) this.output(`${id}Undelivered`, work.subscription.deadLetters.queueUrl);
    }
    this.output('SalesTotalsDeadLetters', sales.deadLetters.queueUrl);
    this.output('OutboxDeadLetters', outbox.deadLetters.queueUrl);
  }

  private output(name: string, value: string): void {
    new CfnOutput(this, name, { key: name, value });
  }

  private table(id: string, partitionKey: string, sortKey?: { name: string; type: AttributeType }): Table {
    return new Table(this, id, {
      partitionKey: { name: partitionKey, type: AttributeType.STRING },
      ...(sortKey === undefined ? {} : { sortKey }),
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.AWS_MANAGED,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: removalPolicyOf(this),
    });
  }
}
