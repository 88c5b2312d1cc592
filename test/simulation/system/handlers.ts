import { seconds } from '../../../lib/contracts/declaring/duration.ts';
import { cancellationReasons, dynamodbOver } from '../../../lib/runtime/aws/dynamodb.ts';
import type { Handler, HandlerContext } from '../../../lib/runtime/consuming/consume.ts';
import type { Write } from '../../../lib/runtime/inbox/inbox.ts';
import type { HandlerResult } from '../../../lib/runtime/inbox/once.ts';
import { Defer, Outage, Reject, Retry } from '../../../lib/runtime/invocation/outcomes.ts';
import type { Runtime } from '../../../lib/runtime/invocation/runtime.ts';
import type { Wire } from '../../../lib/testing/calls/wire.ts';
import type { Instance } from '../../../lib/testing/lambda/instances.ts';
import type { World } from '../../../lib/testing/world/world.ts';
import type { Journal, Run } from '../judging/journal.ts';
import { ENDLESS, type EventPlan } from '../scenario/events.ts';
import type { ConsumerPlan, Mode } from '../scenario/scenario.ts';
import type { StepData } from './declarations.ts';
import { STATE_TABLE } from './names.ts';

/** Business table of a consumer: `total#KEY` sums the amounts, `effect#ID` is there once the event took effect. */
export const totalKey = (consumer: string, key: string): string => `${consumer}/total#${key}`;
export const effectKey = (consumer: string, id: string): string => `${consumer}/effect#${id}`;

/** What the handlers of all consumers share: the world and the plan of every event. */
export interface HandlerWorld {
  readonly world: World;
  readonly wire: Wire;
  /** By ref. */
  readonly plans: ReadonlyMap<number, EventPlan>;
  readonly isDown: () => boolean;
  readonly isRepaired: () => boolean;
  readonly kill: (instance: Instance) => void;
  readonly toldAttempt: (told: number, eventId: string) => number;
}

/** Where a handler runs. `runtime` is what it calls AWS with. */
export interface HandlerPlace {
  readonly plan: ConsumerPlan;
  readonly journal: Journal;
  readonly instance: Instance;
  readonly runtime: Runtime;
}

/** The handler of an instance: behaves as the event's plan says, and has its effect in the way of the mode. */
export function handlerOf(shared: HandlerWorld, place: HandlerPlace): Handler<StepData> {
  const { world, plans } = shared;
  const { journal, instance, plan } = place;
  return async (data, context) => {
    const run: Run = {
      id: context.event.id,
      ref: data.ref,
      instance: instance.name,
      invocation: instance.invocation,
      from: world.now(),
      to: undefined,
      outcome: undefined,
      attempt: shared.toldAttempt(context.attempt, context.event.id),
      abandoned: false,
      late: false,
      hung: false,
    };
    const { invocation } = instance;
    journal.runs.push(run);
    instance.open += 1;
    world.note(() => `${instance.name} handles ${run.id}`);
    const end = (outcome: Run['outcome']) => {
      run.outcome = outcome;
      run.to = world.now();
      run.abandoned = context.signal.aborted;
      run.late = invocation !== instance.invocation;
      instance.open -= 1;
      world.note(() => `${instance.name} ${run.id}: handler ${outcome}`);
    };
    try {
      const result = await handle(data, context, plans.get(data.ref), shared, place, run);
      end('returned');
      return run.late && plan.mode === 'effect' ? marked(result) : result;
    } catch (error) {
      end(outcomeOf(error));
      throw error;
    }
  };
}

function outcomeOf(error: unknown): Run['outcome'] {
  if (error instanceof Reject) return 'rejected';
  if (error instanceof Defer) return 'deferred';
  return error instanceof Outage ? 'outage' : 'failed';
}

async function handle(
  data: StepData,
  context: HandlerContext,
  plan: EventPlan | undefined,
  shared: HandlerWorld,
  place: HandlerPlace,
  run: Run,
): Promise<HandlerResult> {
  const { journal, instance, plan: consumer } = place;
  if (plan === undefined) throw new Error(`nothing is planned for event '${context.event.id}'`);
  await shared.wire.outside(instance, 'work', () => undefined, plan.work);
  const before = (outcome: Run['outcome']) =>
    journal.runs.filter((run) => run.ref === data.ref && (outcome === 'hung' ? run.hung : run.outcome === outcome))
      .length;
  const goesOn = (times: number) => times < ENDLESS || !shared.isRepaired();
  if (before('crashed') < plan.crashes && goesOn(plan.crashes)) {
    run.outcome = 'crashed';
    shared.kill(instance);
    await never();
  }
  if (before('hung') < plan.hangs && goesOn(plan.hangs)) {
    run.hung = true;
    run.outcome = 'hung';
    shared.world.note(() => `${instance.name} hangs in ${run.id}`);
    await (plan.wakes ? asleep(shared.world, instance) : never());
  }
  if (consumer.breaker && shared.isDown()) throw new Outage('provider', 'the provider is down');
  if (before('deferred') < plan.defers) throw new Defer(seconds(3));
  if (plan.rejects && !shared.isRepaired()) throw new Reject('refused', 'refused as planned');
  if (before('failed') < plan.fails && goesOn(plan.fails)) throw failureOf(plan);
  for (let i = 1; i <= plan.parts; i++) await inPart(i, data, context, shared, place);
  return EFFECT[consumer.mode](data, context, shared, place);
}

/** `effect`: a part of the writes. `lease`: a step, whose result must be the same for everybody who works on the event. */
async function inPart(
  i: number,
  data: StepData,
  context: HandlerContext,
  { wire }: HandlerWorld,
  { journal, instance, plan, runtime }: HandlerPlace,
): Promise<void> {
  const id = `${context.event.id}#part-${i}`;
  if (plan.mode === 'effect') {
    await context.part(`part-${i}`, async () => writesOf(data, id, plan.name));
  } else if (plan.mode === 'lease') {
    const result = await context.step(`step-${i}`, async () => {
      await wire.outside(instance, 'step', () => undefined);
      return runtime.id();
    });
    journal.steps.push({ id, result });
  }
}

/** A new one each time: what waits for a promise is kept as long as that is, and a world with it. */
const never = (): Promise<never> => new Promise(() => undefined);

/** Longer than the function may run, and on: it is frozen meanwhile and wakes up in the middle of another invocation. */
const asleep = (world: World, instance: Instance): Promise<void> =>
  new Promise((resolve) => {
    world.after(instance.function.timeoutMillis * (0.9 + 2 * world.chance.next()), resolve, instance);
  });

/** Tells the world, not the runtime: what writes this began in an invocation that has ended. */
const marked = (result: HandlerResult): HandlerResult =>
  Array.isArray(result)
    ? result.map((write: Write) =>
        write.Put === undefined ? write : { Put: { ...write.Put, Item: { ...write.Put.Item, late: true } } },
      )
    : result;

function failureOf({ how }: EventPlan): unknown {
  switch (how) {
    case 'undefined':
      return undefined;
    case 'retry':
      return new Retry('failed as planned');
    case 'retry-after':
      return new Retry('failed as planned', { after: seconds(2) });
    default:
      return new Error('failed as planned');
  }
}

type HaveEffect = (
  data: StepData,
  context: HandlerContext,
  shared: HandlerWorld,
  place: HandlerPlace,
) => Promise<HandlerResult>;

const outside: HaveEffect = async (data, { event }, { wire, world }, { journal, instance }) => {
  await wire.outside(instance, 'effect', () => {
    const { ref, key, n, amount } = data;
    world.note(() => `effect of ${event.id}`);
    journal.effects.push({ id: event.id, ref, key, n, amount, at: world.now() });
  });
};

/** Without what only makes it large. */
const known = ({ ref, key, n, amount }: StepData) => ({ ref, key, n, amount });

const writesOf = (data: StepData, id: string, consumer: string): Write[] => [
  {
    Update: {
      TableName: STATE_TABLE,
      Key: { pk: totalKey(consumer, data.key) },
      UpdateExpression: 'ADD amount :amount',
      ExpressionAttributeValues: { ':amount': data.amount },
    },
  },
  // Without a condition: that there is only one is the inbox's to see to.
  { Put: { TableName: STATE_TABLE, Item: { pk: effectKey(consumer, id), consumer, id, ...known(data) } } },
];

/** How the effect comes to be in each mode. */
const EFFECT: Readonly<Record<Mode, HaveEffect>> = {
  effect: async (data, { event }, _shared, { plan }) => writesOf(data, event.id, plan.name),
  lease: outside,
  none: outside,
  'at-most-once': outside,
  aggregate: async () => undefined,
  async natural(data, { event }, _shared, { plan, runtime: { aws, id } }) {
    const [update, put] = writesOf(data, event.id, plan.name);
    try {
      await dynamodbOver(aws, id)('TransactWriteItems', {
        TransactItems: [
          { Put: { ...(put?.Put ?? { TableName: '', Item: {} }), ConditionExpression: 'attribute_not_exists(pk)' } },
          ...(update === undefined ? [] : [update]),
        ],
      });
    } catch (error) {
      if (cancellationReasons(error)?.[0]?.Code === 'ConditionalCheckFailed') return 'duplicate';
      throw error;
    }
  },
};
