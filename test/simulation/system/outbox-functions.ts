import { channelEnv, ENV } from '../../../lib/contracts/agreed/environment.ts';
import type { Runtime } from '../../../lib/runtime/invocation/runtime.ts';
import { relayOutbox, sweepOutbox } from '../../../lib/runtime/outbox/relay-handlers.ts';
import type { FunctionSpec, HandlerFunction, LambdaHost } from '../../../lib/testing/lambda/instances.ts';
import type { MappingFaults } from '../../../lib/testing/lambda/queue-mapping.ts';
import { dynamodbRecord, streamMapping } from '../../../lib/testing/lambda/stream-mapping.ts';
import { topicArn } from '../../../lib/testing/services/sns.ts';
import type { World } from '../../../lib/testing/world/world.ts';
import type { Role } from '../mutants/mutation.ts';
import type { Channels } from './declarations.ts';
import { CLAIMS_BUCKET, INBOX, LOG_NAME, OUTBOX_TABLE_NAME, STREAM_NAME, TOPIC_NAME } from './names.ts';
import type { ObservedServices } from './observed-services.ts';

/** As `OutboxTable` deploys them. */
const SWEEP_EVERY_MILLIS = 60_000;
const TIMEOUT_MILLIS = 30_000;
const RELAY_RETRIES = 10;

const MAX_SWEEPS = 300;
const MAX_RELAY_BATCH = 10;

/** Environment of what writes to the outbox and publishes from it. */
export const OUTBOX_ENV = {
  [ENV.outboxTable]: OUTBOX_TABLE_NAME,
  [ENV.inboxTable]: INBOX,
  [ENV.claims]: CLAIMS_BUCKET,
  [channelEnv({ name: TOPIC_NAME })]: topicArn(TOPIC_NAME),
  [channelEnv({ name: LOG_NAME })]: STREAM_NAME,
};

/** Starts a piece of the runtime, mutated or as it is. */
export type Starter = (
  role: Role,
) => (make: (runtime: Runtime) => HandlerFunction, runtime: Runtime) => HandlerFunction;

/** The relay on the outbox table's stream, and the sweeper on its schedule. */
export function deployOutbox(
  world: World,
  host: LambdaHost,
  { outbox }: Channels,
  { outboxStream, unpublished, onRow }: ObservedServices,
  starter: Starter,
  faults: MappingFaults,
): void {
  const spec = (name: 'relay' | 'sweeper', make: (runtime: Runtime) => unknown): FunctionSpec => ({
    name,
    timeoutMillis: TIMEOUT_MILLIS,
    env: OUTBOX_ENV,
    start: (runtime) => starter({ kind: name })(make as (runtime: Runtime) => HandlerFunction, runtime),
  });
  const relay = spec('relay', (runtime) => relayOutbox(outbox, runtime));
  const sweeper = spec('sweeper', (runtime) => sweepOutbox(outbox, undefined, runtime));
  const options = {
    batchSize: world.chance.between(1, MAX_RELAY_BATCH),
    maximumRetries: RELAY_RETRIES,
    recordOf: dynamodbRecord,
    // Given up by the stream, not lost: the sweeper finds the rows.
    discarded: () => undefined,
  };
  streamMapping(world, host, outboxStream, relay, options, faults);
  let sweeps = 0;
  let isScheduled = false;
  const sweep = () => {
    isScheduled = false;
    sweeps += 1;
    // The first one always runs, beside the relay.
    if (sweeps > MAX_SWEEPS || !(sweeps === 1 || unpublished() > 0)) return;
    host.invoke(sweeper, {}, () => undefined);
    schedule(SWEEP_EVERY_MILLIS);
  };
  /** Sweeps that would find nothing cost time, and tell nothing. */
  function schedule(milliseconds: number): void {
    if (isScheduled) return;
    isScheduled = true;
    world.after(milliseconds, sweep);
  }
  onRow(() => schedule(world.chance.between(0, SWEEP_EVERY_MILLIS)));
  schedule(world.chance.between(0, SWEEP_EVERY_MILLIS));
}
