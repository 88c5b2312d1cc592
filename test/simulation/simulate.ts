import { controlBreakers, type SwitchMapping } from '../../lib/runtime/control/breaker-controller.ts';
import type { Runtime } from '../../lib/runtime/invocation/runtime.ts';
import { wire as makeWire } from '../../lib/testing/calls/wire.ts';
import { type FunctionSpec, type HandlerFunction, lambdaHost } from '../../lib/testing/lambda/instances.ts';
import { queueUrl } from '../../lib/testing/services/sqs.ts';
import { chanceOf } from '../../lib/testing/world/chance.ts';
import { createWorld, EPOCH, type Owner, STREAM } from '../../lib/testing/world/world.ts';
import { INVARIANTS, type Outcome, type Violation } from './judging/invariants.ts';
import type { Mutation } from './mutants/mutation.ts';
import { planOf } from './scenario/faults.ts';
import type { Scenario } from './scenario/scenario.ts';
import { channelOf, channelsOf } from './system/declarations.ts';
import { INBOX, STREAM_NAME } from './system/names.ts';
import { observedServices } from './system/observed-services.ts';
import { operate } from './system/operator.ts';
import { deployOutbox, OUTBOX_ENV, type Starter } from './system/outbox-functions.ts';
import { spoilOutbox } from './system/outbox-spoilt.ts';
import { produce, write } from './system/producers.ts';
import { type Deployed, functionOf, mappingOf, type Station, stationOf } from './system/station.ts';
import { useWorld } from './world/virtual-globals.ts';

/** Virtual time after which everything must have settled: the longest chain of visibility timeouts fits in twice. */
const LIMIT_MILLIS = 48 * 3_600_000;
/** And with dead letters that are sent back after days. */
const LONG_LIMIT_MILLIS = 60 * 86_400_000;

export interface RunResult {
  readonly violations: readonly Violation[];
  /** Events of the virtual world. */
  readonly steps: number;
  /** Requests to services and to the world outside. */
  readonly calls: number;
  /** Faults that came to pass. */
  readonly faults: number;
  /** The same for the same run. */
  readonly fingerprint: number;
  readonly virtualMillis: number;
}

export interface RunOptions {
  /** @default the runtime as it is */
  readonly mutation?: Mutation;
  /** Takes the lines of the trace. @default nobody */
  readonly trace?: (line: string) => void;
  /** Told of every request. @default nobody */
  readonly heard?: (operation: string, input: object) => void;
}

/** Runs a scenario in a world of its own and judges what happened. Needs `virtualiseGlobals()` in this thread. */
export async function simulate(
  scenario: Scenario,
  { mutation = {}, trace, heard }: RunOptions = {},
): Promise<RunResult> {
  const world = createWorld(chanceOf(scenario.seed, STREAM.schedule), trace);
  useWorld(world, chanceOf(scenario.seed, STREAM.globals));
  const elapsed = () => world.now() - EPOCH;
  const plan = planOf(scenario.faults);
  const channels = channelsOf(scenario);
  const fed = scenario.topology === 'outbox';
  const stations = scenario.consumers.map((consumer) =>
    stationOf(consumer, channelOf(consumer, channels, fed), mutation.subscription),
  );
  const queueSpecs = stations.flatMap(({ queues }) => queues).map(mutation.queues ?? ((spec) => spec));
  const services = observedServices(world, scenario, stations, plan, queueSpecs);
  const { dynamodb, sqs, log } = services;

  const disturbLeases = () => {
    for (const { journal } of stations) journal.leaseDisturbed = true;
  };
  const host = lambdaHost(world, {
    callFor: (owner) => wire.callFor(owner),
    chance: chanceOf(scenario.seed, STREAM.runtime),
    skews: scenario.skews,
    leftOpen: disturbLeases,
    died: ({ name }) => endRunsOf(name, stations, world.now()),
  });
  const functions = new Map<string, FunctionSpec>();
  const wire = makeWire(world, {
    heard,
    services: {
      dynamodb: dynamodb.call,
      sqs: sqs.call,
      sns: services.sns.call,
      kinesis: services.kinesis.call,
      s3: services.s3.call,
      lambda(operation, input) {
        if (operation !== 'InvokeAsync') throw new Error(`the simulator does not know Lambda's ${operation}`);
        const spec = functions.get((input as { FunctionName: string }).FunctionName);
        if (spec !== undefined) world.after(ASYNC_MILLIS, () => host.invoke(spec, {}, () => undefined));
        return {};
      },
    },
    faults: plan,
    kill: host.kill,
    disturbed(service, _operation, input) {
      if (service === 'dynamodb' && (input as { TableName?: string }).TableName === INBOX) disturbLeases();
    },
  });

  let invocations = 0;
  const throttlings = scenario.faults.filter((fault) => fault.kind === 'throttling');
  const isThrottled = () => throttlings.some(({ at, until }) => at <= elapsed() && elapsed() < until);
  const faults = { plan, next: () => invocations++, isThrottled };
  const starter: Starter = (role) => (make, runtime) => {
    const handler = make(mutation.runtime?.(runtime, role) ?? runtime);
    return mutation.handler?.(handler, role) ?? handler;
  };
  const { outage } = scenario;
  const shared = {
    world,
    wire,
    plans: new Map(scenario.events.map((event) => [event.ref, event])),
    isDown: () => outage !== undefined && outage.from <= elapsed() && elapsed() < outage.until,
    isRepaired: () => elapsed() >= scenario.repairAt,
    kill: host.kill,
    toldAttempt: mutation.toldAttempt ?? ((told) => told),
  };
  const deployed = stations.map((station): Deployed => {
    const target = functionOf(station, shared, starter({ kind: 'consumer', station }));
    return { station, function: target, mapping: mappingOf(station, target, { world, host, sqs, log, faults }) };
  });
  for (const fault of scenario.faults) {
    if (fault.kind !== 'reshard') continue;
    world.after(fault.at, () => {
      plan.fire();
      log[fault.how]();
    });
  }

  const clients = new Set<Owner>();
  const failures: Error[] = [];
  const sentButLost: string[] = [];
  const isBusy = () => [...clients].some(({ alive }) => alive);
  /** A client that runs beside the functions; it handles what may happen to it, so what it throws is a violation. */
  function client(kind: 'producer' | 'writer', run: (runtime: Runtime) => Promise<void>): void {
    const owner = host.client(kind, OUTBOX_ENV);
    clients.add(owner);
    run(mutation.runtime?.(owner.runtime, { kind }) ?? owner.runtime)
      .catch((error: Error) => failures.push(error))
      .finally(() => clients.delete(owner));
  }
  const [first] = stations;
  if (scenario.topology === 'direct' && first !== undefined) {
    const address = first.plan.source === 'log' ? STREAM_NAME : queueUrl(first.plan.name);
    const sent = (ids: readonly string[]) => {
      const there = new Set(first.journal.accepted.map(({ event }) => event?.id));
      sentButLost.push(...ids.filter((id) => !there.has(id)));
    };
    for (const plans of Map.groupBy(scenario.events, ({ key }) => key.charCodeAt(key.length - 1) % 2).values()) {
      client('producer', (runtime) => produce(plans, first, runtime, address, { sent }));
    }
  } else {
    for (const plans of Map.groupBy(scenario.events, ({ ref }) => ref % 2).values()) {
      client('writer', (runtime) => write(plans, channels, runtime));
    }
    deployOutbox(world, host, channels, services, starter, faults);
    spoilOutbox(world, scenario, services);
  }
  const controller = (runtime: Runtime, change: SwitchMapping) =>
    starter({ kind: 'controller' })(
      (own) => controlBreakers(own, mutation.switchMapping?.(change) ?? change) as HandlerFunction,
      runtime,
    );
  const { onControlItem } = services;
  operate({ world, host, wire, dynamodb, scenario, deployed, functions, controller, onControlItem });

  const settled = await world.run(isLong(scenario) ? LONG_LIMIT_MILLIS : LIMIT_MILLIS);
  useWorld(undefined);
  const violations = judge({
    scenario,
    deployed,
    settled: settled && host.running() === 0 && !isBusy(),
    unpublished: services.unpublished(),
    outboxRows: services.outboxRows,
    sentButLost,
    failures,
    faults: plan.fired(),
    conflicts: dynamodb.conflicts(),
    shards: log.shards,
    eventsIn: services.eventsIn,
    contentOf: services.contentOf,
    waiting: (queue) => sqs.queue(queue).messages.length,
    items: dynamodb.items,
    item: dynamodb.item,
  });
  return {
    violations,
    steps: world.steps(),
    calls: wire.requests(),
    faults: plan.fired(),
    fingerprint: world.fingerprint(),
    virtualMillis: elapsed(),
  };
}

const isLong = ({ redrive, events }: Scenario): boolean =>
  redrive !== undefined || events.some(({ believes }) => believes === 'nothing');

/** What an asynchronous invocation takes to start. */
const ASYNC_MILLIS = 10;

/** Handlers of an instance that died are over; what they would have said is not known. */
function endRunsOf(instance: string, stations: readonly Station[], now: number): void {
  for (const { journal } of stations) {
    for (const run of journal.runs) if (run.instance === instance && run.to === undefined) run.to = now;
  }
}

const judge = (outcome: Outcome): Violation[] =>
  Object.entries(INVARIANTS).flatMap(([invariant, check]) =>
    check(outcome).map((message): Violation => ({ invariant, message })),
  );
