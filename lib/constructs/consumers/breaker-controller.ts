import { ArnFormat, Lazy, Stack } from 'aws-cdk-lib';
import type { Rule } from 'aws-cdk-lib/aws-events';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { ENV } from '../../contracts/agreed/environment.ts';
import { seconds } from '../../contracts/declaring/duration.ts';
import { LAMBDA } from '../../contracts/declaring/limits.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import { watchFunction } from '../alarms/function.ts';
import type { SystemAlarms } from '../alarms/system-alarms.ts';
import { environmentBytes } from '../functions/environment-size.ts';
import { everyMinute } from '../functions/every-minute.ts';
import { allow, messagingFunction } from '../functions/messaging-function.ts';
import { physicalName, tagComponent } from '../stages/stage.ts';
import type { InboxTable } from '../stores/inbox-table.ts';

/** What a breaker controller is made of. */
export interface BreakerControllerProps {
  /** Bundle of a function that exports `controlBreakers()`. */
  readonly code: string;
  readonly inbox: InboxTable;
  /** Hear of it when the controller fails. @default nobody does */
  readonly alarms?: SystemAlarms;
}

const TIMEOUT = seconds(30);

/** Disables the event source mappings of consumers whose breaker is open, and enables them for a trial when the pause has passed. */
export class BreakerController extends Construct {
  readonly function: LambdaFunction;
  /** When it looks after open breakers, beside being called. */
  readonly schedule: Rule;
  readonly #mappings = new Map<string, object>();

  constructor(scope: Construct, id: string, { code, inbox, alarms }: BreakerControllerProps) {
    super(scope, id);
    tagComponent(this, id);
    this.function = messagingFunction(this, id, {
      code,
      description: 'Stops consumers whose dependency is down, and starts them again',
      timeout: TIMEOUT,
      environment: {
        [ENV.inboxTable]: inbox.table.tableName,
        [ENV.mappings]: Lazy.string({ produce: () => Stack.of(this).toJsonString(Object.fromEntries(this.#mappings)) }),
      },
    });
    allow(this.function, ['dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:DeleteItem'], [inbox.table.tableArn]);
    if (alarms !== undefined) watchFunction(alarms, id, this.function);
    this.node.addValidation({ validate: () => this.problems() });
    this.schedule = everyMinute(this, this.function, 'Looks after open breakers');
  }

  /** Looks after a consumer's mapping, and lets the consumer call when its breaker opens. */
  watch(subscription: Subscription, consumer: LambdaFunction, mappingId: string): void {
    this.#mappings.set(subscription.name, {
      id: mappingId,
      ...(subscription.to.kind === 'queue' ? {} : { source: 'stream' }),
      batchSize: subscription.batchSize,
      maximumConcurrency: subscription.concurrency,
    });
    const stack = Stack.of(this);
    const arnOf = (resource: string, resourceName: string) =>
      stack.formatArn({ service: 'lambda', resource, resourceName, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
    allow(this.function, ['lambda:UpdateEventSourceMapping'], [arnOf('event-source-mapping', mappingId)]);
    // By name and not by reference: the controller refers to the mapping and the mapping to the consumer.
    const controller = physicalName(this, this.node.id);
    consumer.addEnvironment(ENV.breakerController, controller);
    allow(consumer, ['lambda:InvokeFunction'], [arnOf('function', controller)]);
  }

  /** What it looks after stands in its environment, which has an end: some 40 subscriptions. */
  private problems(): string[] {
    if (environmentBytes(this.function) <= LAMBDA.maxEnvironmentBytes) return [];
    const { path, id } = this.node;
    return [
      `breaker controller '${path}' looks after ${this.#mappings.size} subscriptions, more than fit into the ${LAMBDA.maxEnvironmentBytes.toLocaleString('en-US')} bytes of its function's environment. ` +
        `Make a second one, new BreakerController(this, '${id}-2', ...), and pass that as 'breakers' to some of the consumers`,
    ];
  }
}

/**
 * Has the breaker of a consumer looked after, when its subscription declares one.
 * @throws Error when there is nobody to do it
 */
export function watchBreaker(
  breakers: BreakerController | undefined,
  subscription: Subscription,
  consumer: LambdaFunction,
  mappingId: string,
): void {
  if (subscription.breaker === undefined) return;
  if (breakers === undefined) {
    throw new Error(
      `subscription '${subscription.name}' declares a breaker; pass the BreakerController that switches its event source mapping as 'breakers'`,
    );
  }
  breakers.watch(subscription, consumer, mappingId);
}
