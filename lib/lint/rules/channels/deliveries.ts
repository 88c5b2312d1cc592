import type { Graph } from '../../graph/graph.ts';
import type { Delivery } from '../../graph/graph-deliveries.ts';
import { type FunctionNode, functionOf } from '../../graph/graph-mappings.ts';
import { offence, type Rule } from '../../graph/rule.ts';
import { serviceOf } from '../../reading/arns.ts';
import { at } from '../../reading/json.ts';
import type { Resource } from '../../reading/resources.ts';
import { quoted } from '../../reading/text.ts';

const EVENTS_DOCS = 'https://docs.aws.amazon.com/eventbridge/latest/userguide';

/** Copies for people to look at: nobody misses one. */
const isLogGroup = ({ target }: Delivery): boolean =>
  target?.resource?.type === 'AWS::Logs::LogGroup' || serviceOf(target?.value) === 'logs';

const withoutDeadLetters = ({ deliveries }: Graph, ...kinds: readonly Delivery['kind'][]): readonly Delivery[] =>
  deliveries.filter(
    (delivery) => kinds.includes(delivery.kind) && delivery.deadLetters === undefined && !isLogGroup(delivery),
  );

const targetOf = ({ target }: Delivery): string =>
  target?.resource === undefined ? 'a target' : `'${target.resource.path.replace(/\/Resource$/, '')}'`;

/** Services that invoke a function and do not wait for what comes of it. */
const ASYNCHRONOUS: readonly Delivery['kind'][] = ['subscription', 'rule', 'timed rule', 'schedule', 'notification'];

/** Of an EventInvokeConfig: together they end the tries. */
const RETRY_PROPERTIES = ['MaximumRetryAttempts', 'MaximumEventAgeInSeconds'] as const;

/** Whether a delivery comes again by itself, with nothing in it that is lost. */
const recurs = ({ kind, resource }: Delivery): boolean =>
  kind === 'timed rule' ||
  (kind === 'schedule' && /^(rate|cron)\(/.test(String(resource.properties.ScheduleExpression)));

/** Whether it says itself that one that fails is not worth another try: the next one comes soon. */
const isNotRepeated = (delivery: Delivery): boolean => recurs(delivery) && delivery.retries === 0;

/** Functions that have a place for what fails when nobody waits. */
const withFailureDestination = ({ resources }: Graph): ReadonlySet<Resource | undefined> =>
  new Set([
    ...resources
      .of('AWS::Lambda::Function')
      .filter(({ properties }) => at(properties, 'DeadLetterConfig', 'TargetArn') !== undefined),
    ...resources
      .of('AWS::Lambda::EventInvokeConfig')
      .filter(({ properties }) => at(properties, 'DestinationConfig', 'OnFailure', 'Destination') !== undefined)
      .map((config) => functionOf(config.properties.FunctionName, config, resources)),
  ]);

/** What invokes a function without waiting for what comes of it. */
const asynchronousTo = (fn: FunctionNode, { deliveries }: Graph): readonly Delivery[] =>
  deliveries.filter(({ kind, target }) => ASYNCHRONOUS.includes(kind) && target?.resource === fn.resource);

/** Where failures of a delivery end. */
export const DELIVERY_RULES: readonly Rule[] = [
  {
    id: 'Messaging-EventTargetWithoutDeadLetters',
    severity: 'error',
    mistake: 'a target of an EventBridge rule has no dead-letter queue',
    why: 'What EventBridge cannot deliver within 24 hours or 185 tries, and what the target refuses, is dropped without a word.',
    source: `${EVENTS_DOCS}/eb-rule-dlq.html`,
    check: (graph) =>
      withoutDeadLetters(graph, 'rule').map((delivery) =>
        offence(
          delivery,
          delivery.target?.property.replace(/Arn$/, 'DeadLetterConfig') ?? 'Targets',
          `none, of the target ${targetOf(delivery)}`,
          'Write deadLetterQueue: queue in the target, e.g. new LambdaFunction(fn, { deadLetterQueue: deadLetters }), with an alarm on the queue.',
        ),
      ),
  },
  {
    id: 'Messaging-ScheduleWithoutDeadLetters',
    severity: 'warning',
    mistake: 'a schedule has no dead-letter queue',
    why: 'What it cannot deliver within 24 hours or 185 tries is dropped: work that was due is not done, and nobody knows.',
    source: 'https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html',
    check: (graph) =>
      withoutDeadLetters(graph, 'schedule', 'timed rule')
        .filter((delivery) => !isNotRepeated(delivery))
        .map((delivery) =>
          offence(
            delivery,
            delivery.target?.property.replace(/Arn$/, 'DeadLetterConfig') ?? 'Target',
            `none, of the target ${targetOf(delivery)}`,
            'Write deadLetterQueue: queue in the target of the schedule or rule, with an alarm on the queue.',
          ),
        ),
  },
  {
    id: 'Messaging-AsyncFailuresDropped',
    severity: 'warning',
    mistake: 'a function that nobody waits for has no place for what fails',
    why: 'Topics, rules, schedules and buckets hand an event to Lambda and are done: after two more tries Lambda drops it. Their own dead letters take only what never reached the function.',
    source: 'https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html',
    check: (graph) => {
      const safe = withFailureDestination(graph);
      return graph.functions.flatMap((fn) => {
        const from = asynchronousTo(fn, graph).filter((delivery) => !recurs(delivery));
        if (from.length === 0 || safe.has(fn.resource)) return [];
        return [
          offence(
            fn,
            'DeadLetterConfig',
            `none, and no failure destination; invoked by ${quoted([...new Set(from.map(({ name }) => name))])}`,
            'Write onFailure: new SqsDestination(queue) on the function; or put a queue with dead letters before it.',
          ),
        ];
      });
    },
  },
  {
    id: 'Messaging-AsyncRetriesUndeclared',
    severity: 'warning',
    mistake: 'a function that nobody waits for does not say how often, and for how long, Lambda tries an event',
    why: 'By default Lambda invokes it twice more after a failure, whatever the retry policy of the rule or schedule says, and keeps throttled events for six hours: effects are done again, and runs that are long out of date pile up.',
    source: 'https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html',
    check: (graph) => {
      const configs = graph.resources
        .of('AWS::Lambda::EventInvokeConfig')
        .map((config) => ({ of: functionOf(config.properties.FunctionName, config, graph.resources), config }));
      return graph.functions.flatMap((fn) => {
        const from = asynchronousTo(fn, graph);
        const { config } = configs.find(({ of }) => of === fn.resource) ?? {};
        const missing = RETRY_PROPERTIES.filter((property) => config?.properties[property] === undefined);
        if (from.length === 0 || missing.length === 0) return [];
        return [
          offence(
            config === undefined ? fn : { resource: config },
            missing[0] ?? '',
            `none; invoked by ${quoted([...new Set(from.map(({ name }) => name))])}`,
            'Write retryAttempts (0 to 2) and maxEventAge (a minute to 6 hours) on the function, or fn.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(1) }) where the next run is near.',
          ),
        ];
      });
    },
  },
];
