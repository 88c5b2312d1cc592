import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import { OutOfTime } from '../aws/calls/call.ts';
import type { ControlState } from '../control/control-items.ts';
import { NO_TRIES } from '../control/tries.ts';
import { DEFAULT_PARALLEL_UNITS, type Deadline, reserveMillis } from '../invocation/deadline.ts';
import { toError } from '../invocation/outcomes.ts';
import { errorFields, type Log } from '../invocation/telemetry.ts';
import { wasBusy } from '../invocation/transient.ts';
import { comesAgain, type Message, type Outcome } from '../messages/message.ts';
import { memberOf } from '../messages/read-message.ts';
import type { Batch } from '../messages/sources.ts';
import { runUnits } from '../messages/units.ts';
import { handedBack } from '../settling/hand-back.ts';
import { acknowledged, noteUndelivered, settleOne } from '../settling/settle-one.ts';
import { handleMessage, type Invocation } from './handle-message.ts';
import {
  afterCrash,
  decidedBefore,
  hasCrashedAlone,
  isSuspect,
  isToBeMarked,
  isWatched,
  waitForOther,
} from './suspects.ts';

/**
 * Handles a batch: asks breaker, parking and tries, marks what may end the function, runs units in order.
 * @param waitingEnds when what hangs outside of a handler is waited for no longer
 * @param isNewInstance whether this is the first batch of its instance
 * @returns what became of each message
 */
export async function runBatch(
  batch: Batch,
  control: ControlState,
  invocation: Invocation,
  waitingEnds: Deadline,
  isNewInstance: boolean,
): Promise<Map<Message, Outcome>> {
  const { consumer, context } = invocation;
  const { subscription, parking, breaker, runtime, tries } = consumer;
  const reserve = reserveMillis(subscription);
  const isWatchedAlone = batch.stops === 'batch' && isWatched(batch.messages, control.triesOf, isNewInstance);
  const settling = { ...consumer, triesOf: control.triesOf, log: invocation.log };
  const marked = new Set<Message>();
  const parkedKeys = new Set(control.parkedKeys);
  const admitted = breaker?.admit(control) ?? 'all';
  let trials = admitted === 'all' ? Number.POSITIVE_INFINITY : admitted === 'one' ? 1 : 0;

  async function handle(message: Message, alone = isWatchedAlone): Promise<Outcome> {
    try {
      if (control.wasGivenUp(message)) return { kind: 'duplicate' };
      // Most messages come the first time, and nothing is known of them: they go the short way.
      const isPlain = !alone && parking === undefined && control.triesOf(message) === NO_TRIES;
      const handled =
        isPlain && !isToBeMarked(message, NO_TRIES) ? handleMessage(message, invocation) : handleMarked(message, alone);
      const outcome = await waitingEnds.within(handled, outOfTime);
      return message.within === undefined ? outcome : await settleWithin(message, outcome);
    } catch (thrown) {
      // The inbox table itself is in trouble: nothing was decided about the message, so it comes again.
      // What has had its last try comes again to be given up, and not for one more.
      const rejected = invocation.usedUp.get(message);
      if (rejected !== undefined) await soon(noteUndelivered(message, rejected, settling));
      else if (marked.has(message)) await soon(unmarked(message));
      const error = toError(thrown);
      if (wasBusy(error)) return handedBack(message, error, { runtime, log: invocation.log });
      return { kind: 'retry', error, attempt: message.receives ?? 1 };
    }
  }

  /** What is noted when the time is up may not be answered either. */
  const soon = (noted: Promise<void> | undefined) => Promise.race([noted, runtime.sleep(MAX_NOTE_MILLIS)]);

  /** The function lives, whatever has become of the message: it must not be taken for one under which it ended. */
  const unmarked = (message: Message): Promise<void> | undefined =>
    tries?.ended(message, isWatchedAlone).catch(leftBehind(message, invocation.log));

  /** A message that may end the function is marked meanwhile (`suspects.ts`); what is known of its tries goes when it is done. */
  async function handleMarked(message: Message, alone: boolean): Promise<Outcome> {
    if (tries === undefined) return handleOrPark(message);
    const known = control.triesOf(message);
    const other = waitForOther(message, known, runtime.now());
    if (other > 0) return { kind: 'held', afterSeconds: other / MILLIS_PER_SECOND };
    const decided = await decidedBefore(message, known, consumer);
    if (decided !== undefined) return handleOrPark(message, async () => decided);
    const crashed = await afterCrash(message, known, consumer);
    if (crashed !== undefined) return handleOrPark(message, async () => crashed);
    const isMarked = isWatchedAlone || isToBeMarked(message, known);
    if (isMarked) marked.add(message);
    if (isMarked) await tries.starts(message, runtime.now() + context.getRemainingTimeInMillis(), alone);
    const { durations } = invocation.observed;
    const before = durations.length;
    const outcome = await handleOrPark(message);
    if (outcome.kind === 'done' || outcome.kind === 'duplicate') {
      // What stays behind when this fails is older than a message that is sent again, and expires.
      if (isMarked || known.noted) await tries.forget(message).catch(leftBehind(message, invocation.log));
    } else if (isMarked && outcome.kind !== 'retry') {
      const isUntried = isWatchedAlone && comesAgain(outcome) && durations.length === before;
      await tries.ended(message, isUntried);
    }
    return outcome;
  }

  async function handleOrPark(message: Message, handle = () => handleMessage(message, invocation)): Promise<Outcome> {
    const key = message.unit;
    if (parking === undefined || key === undefined) return handle();
    if (parkedKeys.has(key) && (await parking.park(key, message))) return { kind: 'parked' };
    const outcome = await handle();
    if (outcome.kind !== 'rejected' || waitingEnds.signal.aborted) return outcome;
    await parking.park(key, message, outcome.reason);
    parkedKeys.add(key);
    return { ...outcome, kind: 'parked' };
  }

  /**
   * An event in an aggregated record cannot wait for the end of the batch to be given up: if the record comes again, it comes again
   * as a whole.
   */
  async function settleWithin(message: Message, outcome: Outcome): Promise<Outcome> {
    const settled = await settleOne(message, outcome, settling);
    if (settled.kind === 'rejected' || settled.kind === 'parked') await consumer.givenUp?.note(message);
    return settled;
  }

  const options = {
    stops: batch.stops,
    rejectionStops: subscription.order === 'per-key',
    // Of a breaker that is being tried, one message decides about the rest.
    parallel: admitted === 'all' && !isWatchedAlone ? DEFAULT_PARALLEL_UNITS : 1,
    hasTime: () => trials-- > 0 && context.getRemainingTimeInMillis() > reserve,
  };
  const unitFor = unitOf(subscription);
  const isSuspected = (message: Message) => isSuspect(message, control.triesOf(message), subscription, runtime.now());
  const suspects = alone(
    batch.messages,
    unitFor,
    isSuspected,
    (message) => isToBeMarked(message, control.triesOf(message)),
    (message) => hasCrashedAlone(control.triesOf(message)),
  );
  if (suspects.length === 0) return runUnits(batch.messages, unitFor, (message) => handle(message), options);

  const others = batch.messages.filter((message) => !suspects.includes(message));
  const outcomes = await runUnits(others, unitFor, (message) => handle(message), options);
  // Should the function end under a suspect, what was handled before it must not come again with it.
  for (const [message, outcome] of outcomes) outcomes.set(message, await finish(message, outcome));
  const handleAlone = async (message: Message) => finish(message, await handle(message, true));
  const last = await runUnits(suspects, unitFor, handleAlone, { ...options, parallel: 1 });
  return new Map([...outcomes, ...last]);

  /** Gives up and acknowledges at once what does not come again. */
  async function finish(message: Message, outcome: Outcome): Promise<Outcome> {
    const settled = await settleOne(message, outcome, settling);
    // Whatever comes of it: Lambda acknowledges it too, when the function answers.
    if (!comesAgain(settled)) await acknowledged(message, consumer).catch(() => false);
    return settled;
  }
}

const MILLIS_PER_SECOND = 1_000;
/** Of the time that is left for settling. */
const MAX_NOTE_MILLIS = 50;

const outOfTime = (): Error =>
  new OutOfTime('the time of the function was up before anything was decided about the message');

/** When there are suspects: their units behind all that may yet become some, and last those under which the function has ended alone. */
function alone(
  messages: readonly Message[],
  unitFor: (message: Message) => string,
  isSuspected: (message: Message) => boolean,
  mayBecome: (message: Message) => boolean,
  hasCrashed: (message: Message) => boolean,
): readonly Message[] {
  if (!messages.some((message) => message.receives !== undefined && isSuspected(message))) return [];
  const units = [...Map.groupBy(messages, unitFor).values()].filter((unit) => unit.some(mayBecome));
  const [suspected, crashed] = [isSuspected, hasCrashed].map(
    (is) => (unit: readonly Message[]) => unit.filter(is).length,
  ) as [(unit: readonly Message[]) => number, (unit: readonly Message[]) => number];
  return units.toSorted((a, b) => crashed(a) - crashed(b) || suspected(a) - suspected(b)).flat();
}

const leftBehind =
  ({ id: messageId }: Message, log: Log) =>
  (thrown: unknown): void =>
    log('warn', 'failed tries could not be forgotten', { messageId, ...errorFields(toError(thrown)) });

/** Without order, copies of one message form a unit: the second finds the record of the first instead of racing it. */
const unitOf =
  (subscription: Subscription) =>
  (message: Message): string =>
    (subscription.order === 'per-key' ? message.unit : undefined) ?? copyKey(message);

const copyKey = (message: Message): string => memberOf(message, 'id') ?? message.id;
