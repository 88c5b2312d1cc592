import { ENV } from '../../../lib/contracts/agreed/environment.ts';
import type { DeclaredMapping, SwitchMapping } from '../../../lib/runtime/control/breaker-controller.ts';
import type { Runtime } from '../../../lib/runtime/invocation/runtime.ts';
import type { Wire } from '../../../lib/testing/calls/wire.ts';
import type { FunctionSpec, HandlerFunction, Instance, LambdaHost } from '../../../lib/testing/lambda/instances.ts';
import type { QueueMapping } from '../../../lib/testing/lambda/queue-mapping.ts';
import type { MemoryDynamodb } from '../../../lib/testing/services/dynamodb.ts';
import type { World } from '../../../lib/testing/world/world.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { BREAKER_CONTROLLER, INBOX } from './names.ts';
import type { Deployed } from './station.ts';

const RESUME_EVERY_MILLIS = 30_000;
/** Resumes after the repair: enough for every key, also when some of them are killed. */
export const MAX_ROUNDS = 25;
/** Lambda's lowest maximum concurrency of a queue mapping. */
const LEAST_CONCURRENCY = 2;
const CONTROL_EVERY_MILLIS = 60_000;
const MAX_CONTROLS = 600;
const CONTROLLER_TIMEOUT_MILLIS = 30_000;

export interface Operated {
  readonly world: World;
  readonly host: LambdaHost;
  readonly wire: Wire;
  readonly dynamodb: MemoryDynamodb;
  readonly scenario: Scenario;
  readonly deployed: readonly Deployed[];
  readonly functions: Map<string, FunctionSpec>;
  /** Told when the item of a breaker or of a mapping was written. */
  readonly onControlItem: (told: () => void) => void;
  readonly controller: (runtime: Runtime, switchMapping: SwitchMapping) => HandlerFunction;
}

/** Keys that a consumer has parked. */
export const parkedKeys = (dynamodb: Pick<MemoryDynamodb, 'item'>, consumer: string): string[] =>
  (dynamodb.item(INBOX, `parked!${consumer}`)?.keys?.SS as string[] | undefined) ?? [];

/** What people and schedules do around the consumers: resume parked keys after the repair, run the breaker controller. */
export function operate(operated: Operated): void {
  resumeAfterRepair(operated);
  if (operated.deployed.some(({ station }) => station.plan.breaker)) runController(operated);
}

function resumeAfterRepair({ world, host, dynamodb, scenario, deployed }: Operated): void {
  for (const { station, function: target } of deployed) {
    if (!station.plan.park) continue;
    let rounds = 0;
    const round = () => {
      rounds += 1;
      const keys = parkedKeys(dynamodb, station.plan.name);
      if (keys.length > 0) world.note(() => `resume ${keys.join(', ')}`);
      for (const key of keys) {
        // Somebody may well press the button twice.
        for (let i = world.chance.is(0.2) ? 2 : 1; i > 0; i--) {
          host.invoke(target, { resume: { key } }, () => undefined);
        }
      }
      // Keys may be parked later still: messages that wait for their visibility timeout take their time.
      if (rounds < MAX_ROUNDS) world.after(RESUME_EVERY_MILLIS * rounds, round);
    };
    world.after(scenario.repairAt, round);
  }
}

function runController({
  world,
  host,
  wire,
  dynamodb,
  deployed,
  functions,
  controller,
  onControlItem,
}: Operated): void {
  const watched = deployed.filter(({ station }) => station.plan.breaker);
  const declared = Object.fromEntries(
    watched.map(({ station: { plan } }) => [
      plan.name,
      { id: plan.name, batchSize: plan.batchSize, maximumConcurrency: plan.concurrency } satisfies DeclaredMapping,
    ]),
  );
  const spec: FunctionSpec = {
    name: BREAKER_CONTROLLER,
    timeoutMillis: CONTROLLER_TIMEOUT_MILLIS,
    env: { [ENV.inboxTable]: INBOX, [ENV.mappings]: JSON.stringify(declared) },
    start: (runtime, instance) => controller(runtime, switchFor(instance)),
  };
  const mappingOf = (id: string): QueueMapping => {
    const found = watched.find(({ station: { plan } }) => plan.name === id)?.mapping;
    if (found === undefined || !('set' in found)) throw new Error(`there is no mapping '${id}'`);
    return found;
  };
  const switchFor =
    (instance: Instance): SwitchMapping =>
    ({ id, batchSize, maximumConcurrency }, mode) =>
      wire.control(instance, `mapping ${id} ${mode}`, () => {
        world.note(() => `mapping ${id} ${mode}`);
        mappingOf(id).set({
          enabled: mode !== 'off',
          batchSize: mode === 'on' ? batchSize : 1,
          concurrency: mode === 'on' ? (maximumConcurrency ?? Number.POSITIVE_INFINITY) : LEAST_CONCURRENCY,
        });
      });
  functions.set(BREAKER_CONTROLLER, spec);
  const isNeeded = () =>
    watched.some(
      ({ station: { plan } }) =>
        dynamodb.item(INBOX, `breaker!${plan.name}`) !== undefined ||
        dynamodb.item(INBOX, `mapping!${plan.name}`) !== undefined,
    );
  let controls = 0;
  let isScheduled = false;
  const phase = world.now() + world.chance.between(0, CONTROL_EVERY_MILLIS);
  const tick = () => {
    isScheduled = false;
    if (!isNeeded()) return;
    controls += 1;
    host.invoke(spec, {}, () => undefined);
    schedule();
  };
  /** Every minute; minutes in which it would find nothing are left out. */
  function schedule(): void {
    if (isScheduled || controls >= MAX_CONTROLS) return;
    isScheduled = true;
    const since = world.now() - phase;
    const next = (Math.floor(since / CONTROL_EVERY_MILLIS) + 1) * CONTROL_EVERY_MILLIS;
    world.after(next - since, tick);
  }
  onControlItem(schedule);
}
