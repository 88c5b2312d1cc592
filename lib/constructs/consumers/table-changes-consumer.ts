import { Stack } from 'aws-cdk-lib';
import { CfnGlobalTable, CfnTable, type ITable } from 'aws-cdk-lib/aws-dynamodb';
import {
  type EventSourceMapping,
  FilterCriteria,
  FilterRule,
  type Function as LambdaFunction,
} from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { AnyTableChanges, Change, StreamView } from '../../contracts/channels/table-changes.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import type { ConsumerView } from '../alarms/consumer-view.ts';
import { tableSource } from '../functions/event-source.ts';
import { tagComponent } from '../stages/stage.ts';
import type { ConsumerProps } from './queue-consumer.ts';
import { type StreamParts, streamConsumer } from './stream-consumer.ts';

/** What a consumer of table changes is deployed with, beside its declaration. */
export interface TableChangesConsumerProps extends ConsumerProps {
  /** The table, made with `stream`: the view that the changes are declared with. */
  readonly table: ITable;
  /**
   * Which records are worth an invocation, as Lambda's filter patterns over the stream record; a record that fits one of them passes.
   * https://docs.aws.amazon.com/lambda/latest/dg/with-ddb-filtering.html @default all of the declared changes
   */
  readonly filters?: readonly Readonly<Record<string, unknown>>[];
}

const EVENT_NAMES: Readonly<Record<Change, string>> = { insert: 'INSERT', modify: 'MODIFY', remove: 'REMOVE' };
/** An event source mapping takes five filters. https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html */
const MAX_FILTERS = 5;

/**
 * A subscription to the changes of a table, deployed: function, event source mapping on the table's stream with an end to its retries,
 * dead letters, permissions and alarms. Who writes to the table knows nothing of it.
 */
export class TableChangesConsumer extends Construct implements StreamParts {
  readonly function: LambdaFunction;
  readonly mapping: EventSourceMapping;
  readonly deadLetters: Queue;
  readonly view: ConsumerView;

  /** @throws Error when the table has no stream or one of another view, or for more than five filters */
  constructor(scope: Construct, subscription: Subscription<AnyTableChanges>, props: TableChangesConsumerProps) {
    super(scope, subscription.name);
    tagComponent(this, subscription.name);
    const { table, filters } = props;
    const { to, name } = subscription;
    checkStream(name, to, table);
    const parts = streamConsumer(this, subscription, props, {
      what: `table changes ${to.name}`,
      mapping: (options) => tableSource(table, { ...options, ...filtersOf(name, to.changes, filters) }),
      lag: {
        retention: to.retention,
        stream: "retention of the table's stream",
        whenSlow: 'raise the memory of the function or the batch size: a stream of DynamoDB keeps 24 hours and no more',
      },
    });
    this.function = parts.function;
    this.mapping = parts.mapping;
    this.deadLetters = parts.deadLetters;
    this.view = parts.view;
  }
}

function checkStream(subscription: string, { name, view }: AnyTableChanges, table: ITable): void {
  const found = viewOf(table);
  if (found === 'unknown' || found === view) return;
  throw new Error(
    `subscription '${subscription}' is declared on table changes '${name}' of view '${view}', but the stream of table '${table.node.id}' ${
      found === undefined ? 'is not switched on' : `shows '${found}'`
    }; make the table with stream: StreamViewType.${view.toUpperCase().replaceAll('-', '_')}`,
  );
}

/** The view of a table's stream; unknown for a table of another stack's making. */
function viewOf(table: ITable): StreamView | 'unknown' | undefined {
  const made = table.node.defaultChild;
  if (!(made instanceof CfnTable || made instanceof CfnGlobalTable)) return 'unknown';
  const stream: { readonly streamViewType?: string } | undefined = Stack.of(table).resolve(made.streamSpecification);
  return stream?.streamViewType?.toLowerCase().replaceAll('_', '-') as StreamView | undefined;
}

/** Changes that nobody wants, and records that the filters leave out, cost no invocation. */
function filtersOf(
  subscription: string,
  changes: readonly Change[],
  given: TableChangesConsumerProps['filters'],
): { filters?: { [key: string]: unknown }[] } {
  const all = changes.length === Object.keys(EVENT_NAMES).length;
  if (all && given === undefined) return {};
  const patterns = given ?? [{}];
  if (patterns.length > MAX_FILTERS) {
    throw new Error(
      `subscription '${subscription}' has ${patterns.length} filters, and an event source mapping takes ${MAX_FILTERS}; put alternatives of one field into one filter`,
    );
  }
  const eventName = all ? {} : { eventName: FilterRule.or(...changes.map((change) => EVENT_NAMES[change])) };
  return { filters: patterns.map((pattern) => FilterCriteria.filter({ ...pattern, ...eventName })) };
}
