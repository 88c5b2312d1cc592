import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { ENV } from '../../contracts/agreed/environment.ts';
import { INBOX_TABLE } from '../../contracts/agreed/tables.ts';
import type { TableLoad } from '../../contracts/declaring/table-capacity.ts';
import { usesTable } from '../../contracts/subscriptions/delivery-numbers.ts';
import type { InboxMode, Subscription } from '../../contracts/subscriptions/subscription.ts';
import { inboxLoad } from '../../contracts/subscriptions/table-units.ts';
import { allow } from '../functions/messaging-function.ts';
import { removalPolicyOf, tagComponent } from '../stages/stage.ts';
import { warmTable } from './warm-table.ts';

/** What each inbox mode does to the table. */
const INBOX_ACTIONS: Readonly<Record<InboxMode, readonly string[]>> = {
  effect: ['GetItem', 'PutItem'],
  lease: ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem'],
  natural: [],
  none: [],
};

/**
 * What a subscription does to the inbox table. Transactions need the permissions of the writes in them.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
 */
function actionsOf(s: Subscription): readonly string[] {
  if (s.guarantee === 'exactly-once-aggregation') return ['GetItem', 'PutItem'];
  const actions = [
    ...INBOX_ACTIONS[s.inbox],
    // Attempts are counted in the table, too: read when a message comes again, and gone when it is decided.
    ...(usesTable(s) ? ['BatchGetItem', 'UpdateItem', 'DeleteItem'] : []),
    ...(s.failedKey === 'park' ? ['GetItem', 'PutItem'] : []),
  ];
  return [...new Set(actions)];
}

/** The inbox of a system: what its consumers have done, and how far its aggregations have read. */
export class InboxTable extends Construct {
  readonly table: Table;
  private readonly loads: TableLoad[] = [];

  constructor(scope: Construct, id: string) {
    super(scope, id);
    tagComponent(this, id);
    this.table = new Table(this, 'Table', {
      partitionKey: { name: INBOX_TABLE.partitionKey, type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.AWS_MANAGED,
      timeToLiveAttribute: INBOX_TABLE.expiry,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: removalPolicyOf(this),
    });
    warmTable(this.table, () => this.loads);
  }

  /** Lets a consumer use the inbox, as far as its subscription needs it. */
  grant(fn: LambdaFunction, subscription: Subscription): void {
    const actions = actionsOf(subscription);
    if (actions.length === 0) return;
    this.loads.push(inboxLoad(subscription));
    fn.addEnvironment(ENV.inboxTable, this.table.tableName);
    allow(
      fn,
      actions.map((action) => `dynamodb:${action}`),
      [this.table.tableArn],
    );
  }
}
