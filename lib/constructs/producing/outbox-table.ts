import {
  AttributeType,
  BillingMode,
  ProjectionType,
  StreamViewType,
  Table,
  TableEncryption,
} from 'aws-cdk-lib/aws-dynamodb';
import type { Rule } from 'aws-cdk-lib/aws-events';
import { FilterCriteria, FilterRule, type Function as LambdaFunction, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ENV } from '../../contracts/agreed/environment.ts';
import { OUTBOX_TABLE } from '../../contracts/agreed/tables.ts';
import type { Outbox as OutboxContract } from '../../contracts/channels/outbox.ts';
import { type Duration, days, seconds } from '../../contracts/declaring/duration.ts';
import { outboxLoad } from '../../contracts/subscriptions/table-units.ts';
import { type Destination, grantSend } from '../channels/channel-grants.ts';
import { deadLetterQueue } from '../channels/message-queue.ts';
import { failuresTo, tableSource } from '../functions/event-source.ts';
import { everyMinute } from '../functions/every-minute.ts';
import { allow, messagingFunction } from '../functions/messaging-function.ts';
import { idByName } from '../stages/logical-ids.ts';
import { removalPolicyOf, tagComponent } from '../stages/stage.ts';
import type { ClaimCheckBucket } from '../stores/claim-check-bucket.ts';
import { warmTable } from '../stores/warm-table.ts';

/** What an outbox is deployed with, beside its declaration. */
export interface OutboxTableProps {
  /** Bundles of the two functions, from `bundleFunctions()`. */
  readonly relayCode: string;
  readonly sweeperCode: string;
  /** The deployed form of every channel the outbox is declared to publish to. */
  readonly destinations: readonly Destination[];
}

const DEAD_LETTER_RETENTION = days(14);
const RELAY_TIMEOUT: Duration = seconds(30);
const RELAY_BATCH = 100;
/** After these tries the stream goes on; what is left in the outbox is the sweeper's. */
const RELAY_RETRIES = 10;

/** Outbox table, the relay on its stream, and the sweeper that publishes every minute what the stream missed. */
export class OutboxTable extends Construct {
  readonly contract: OutboxContract;
  readonly table: Table;
  readonly relay: LambdaFunction;
  readonly sweeper: LambdaFunction;
  /** Stream batches that the relay gave up. Their rows are not lost: the sweeper publishes them. */
  readonly deadLetters: Queue;
  /** When the sweeper runs. */
  readonly schedule: Rule;
  private readonly claims: ReadonlySet<ClaimCheckBucket>;

  constructor(scope: Construct, contract: OutboxContract, props: OutboxTableProps) {
    super(scope, contract.name);
    tagComponent(this, contract.name);
    this.contract = contract;
    const missing = contract.publishes.filter(({ name }) => !props.destinations.some((d) => d.name === name));
    if (missing.length > 0) {
      throw new Error(
        `outbox '${contract.name}' publishes to ${missing.map(({ name }) => `'${name}'`).join(', ')}, which is not among its destinations; pass the deployed channel`,
      );
    }
    this.claims = new Set(props.destinations.flatMap(({ claims }) => claims ?? []));
    const { partitionKey, sortKey, expiry, unpublishedIndex } = OUTBOX_TABLE;
    this.table = new Table(this, 'Table', {
      partitionKey: { name: partitionKey, type: AttributeType.STRING },
      sortKey: { name: sortKey, type: AttributeType.NUMBER },
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.AWS_MANAGED,
      timeToLiveAttribute: expiry,
      stream: StreamViewType.NEW_IMAGE,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: removalPolicyOf(this),
    });
    warmTable(this.table, () => [outboxLoad(contract)]);
    // It has no name of its own, but what is not published yet must not stay behind in a table that nobody reads.
    idByName(this.table, contract.name);
    this.table.addGlobalSecondaryIndex({
      indexName: unpublishedIndex.name,
      partitionKey: { name: unpublishedIndex.partitionKey, type: AttributeType.STRING },
      sortKey: { name: unpublishedIndex.sortKey, type: AttributeType.STRING },
      projectionType: ProjectionType.KEYS_ONLY,
    });
    this.deadLetters = deadLetterQueue(this, 'DeadLetters', contract.name, DEAD_LETTER_RETENTION);
    this.relay = this.publisher('Relay', 'relay', props.relayCode, props.destinations);
    allow(this.relay, ['sqs:SendMessage'], [this.deadLetters.queueArn]);
    this.relay.addEventSource(
      tableSource(this.table, {
        startingPosition: StartingPosition.TRIM_HORIZON,
        batchSize: RELAY_BATCH,
        retryAttempts: RELAY_RETRIES,
        bisectBatchOnError: true,
        reportBatchItemFailures: true,
        onFailure: failuresTo(this.deadLetters),
        // Only new rows: the cursor and the marking of rows would otherwise invoke the relay again.
        filters: [
          FilterCriteria.filter({
            eventName: FilterRule.isEqual('INSERT'),
            dynamodb: { NewImage: { [unpublishedIndex.partitionKey]: { S: FilterRule.exists() } } },
          }),
        ],
      }),
    );
    this.sweeper = this.publisher('Sweeper', 'sweeper', props.sweeperCode, props.destinations);
    allow(this.sweeper, ['dynamodb:Query'], [`${this.table.tableArn}/index/${unpublishedIndex.name}`]);
    this.schedule = everyMinute(this, this.sweeper, `Sweeps outbox ${contract.name}`);
  }

  /** Lets a producer commit events with its own writes. */
  grantTransact(fn: LambdaFunction): void {
    fn.addEnvironment(ENV.outboxTable, this.table.tableName);
    // Rows, the aggregate's head, and what is asked when a head does not know its aggregate.
    allow(fn, ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:Query'], [this.table.tableArn]);
    // Data that no row can hold is stored before the transaction.
    for (const claims of this.claims) claims.grantStore(fn);
  }

  private publisher(id: string, role: string, code: string, destinations: readonly Destination[]): LambdaFunction {
    const fn = messagingFunction(new Construct(this, id), `${this.contract.name}-${role}`, {
      code,
      description: `Publishes outbox ${this.contract.name} (${role})`,
      timeout: RELAY_TIMEOUT,
      environment: { [ENV.outboxTable]: this.table.tableName },
    });
    allow(fn, ['dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'], [this.table.tableArn]);
    for (const destination of destinations) grantSend(fn, destination);
    return fn;
  }
}
