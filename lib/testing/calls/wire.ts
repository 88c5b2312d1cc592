import { type AwsCall, AwsError, type CallTime, OutOfTime } from '../../runtime/aws/calls/call.ts';
import { cancelled } from '../services/dynamodb.ts';
import type { Owner, World } from '../world/world.ts';
import type { CallFault, FaultPlan } from './faults.ts';

/** As in `lib/runtime/aws/http.ts`, whose place this takes: tries of one call, and how long an answer is waited for. */
const MAX_TRIES = 4;
const RETRY_BASE_MS = 50;
const RETRY_CAP_MS = 2_000;
const ANSWER_TIMEOUT_MS = 8_000;
const SHORTEST_TRY_MS = 25;
/** Without a fault no answer takes longer: only for less time than this is there something to watch. */
const USUAL_MS = 400;

/** Carries out a request; throws AwsError when the service refuses it. */
export type Service = (operation: string, input: object) => unknown;

export interface Wire {
  readonly callFor: (owner: Owner) => AwsCall;
  /** Requests so far: positions for faults. */
  readonly requests: () => number;
  /** A call of a handler to the world outside, with the same mishaps but tried only once. */
  readonly outside: (owner: Owner, what: string, effect: () => void, millis?: number) => Promise<void>;
  /** A call to change what runs. Lambda's control plane does it at once or not at all: never long after the caller gave up. */
  readonly control: (owner: Owner, what: string, effect: () => void) => Promise<void>;
}

export interface WireOptions {
  readonly services: Readonly<Record<string, Service>>;
  readonly faults: FaultPlan;
  readonly kill: (owner: Owner) => void;
  /** Told of every request a fault befalls. */
  readonly disturbed: (service: string, operation: string, input: object, what: CallFault) => void;
  /** Told of every request. @default nobody is */
  readonly heard?: ((operation: string, input: object) => void) | undefined;
}

class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

const isTransient = (error: unknown): boolean =>
  !(error instanceof AwsError) || error.status >= 500 || error.name === 'ThrottlingException';

/** The way of a request to a service and back: takes time, and faults happen on it. */
export function wire(world: World, { services, faults, kill, disturbed, heard }: WireOptions): Wire {
  let requests = 0;

  /** One try. `fault` befalls it. */
  function send(
    owner: Owner,
    name: string,
    carryOut: (refuse?: (index: number) => boolean) => unknown,
    fault: CallFault | undefined,
    millis: number,
    left = Number.POSITIVE_INFINITY,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (left < (fault === undefined ? USUAL_MS : ANSWER_TIMEOUT_MS))
        world.after(left, () => reject(new OutOfTime('no answer in the time of the invocation')), owner);
      const there = latency(world) + millis;
      const back = latency(world);
      const answer = (delay: number, run: () => void) => world.after(delay, run, owner);
      const arrive = (delay: number, then: (outcome: { value: unknown } | { error: unknown }) => void) =>
        world.after(delay, () => {
          // The request is on its way: it arrives, whatever has become of its sender.
          let outcome: { value: unknown } | { error: unknown };
          try {
            outcome = { value: carryOut(fault === 'partial' ? () => world.chance.is(0.5) : undefined) };
          } catch (error) {
            if (!(error instanceof AwsError)) throw error;
            outcome = { error };
          }
          then(outcome);
        });
      const settle = (outcome: { value: unknown } | { error: unknown }) =>
        'value' in outcome ? resolve(outcome.value) : reject(outcome.error);
      const fail = (delay: number, error: Error) => answer(delay, () => reject(error));
      if (fault !== undefined) world.note(() => `${owner.name} ${name}: fault ${fault}`);
      switch (fault) {
        case 'throttle':
        case 'refuse':
          return fail(there + back, new AwsError('ThrottlingException', 'Rate exceeded', 400));
        case 'broken-before':
          return fail(there + back, new AwsError('InternalServerError', 'something broke', 500));
        case 'broken-after':
          return arrive(there, () => fail(back, new AwsError('InternalServerError', 'something broke', 500)));
        case 'lost-answer':
          return arrive(there, () => fail(back, new NoAnswer('the connection was closed')));
        case 'silence':
          return fail(ANSWER_TIMEOUT_MS, new NoAnswer('no answer'));
        case 'late':
          arrive(ANSWER_TIMEOUT_MS + world.chance.between(1, 30_000), () => undefined);
          return fail(ANSWER_TIMEOUT_MS, new NoAnswer('no answer'));
        case 'conflict':
          return fail(there + back, conflictOf(name));
        case 'slow':
          return arrive(there, (outcome) => answer(world.chance.between(500, 7_500), () => settle(outcome)));
        case 'kill-before':
          return world.after(there, () => kill(owner));
        case 'kill-after':
          return arrive(there, () => kill(owner));
        default:
          return arrive(there, (outcome) => answer(back, () => settle(outcome)));
      }
    });
  }

  async function once(
    owner: Owner,
    what: string,
    effect: () => void,
    millis: number,
    fault?: CallFault,
  ): Promise<void> {
    if (fault !== undefined) {
      faults.fire();
      disturbed('outside', what, {}, fault);
    }
    await send(owner, what, effect, fault, millis);
  }

  return {
    requests: () => requests,
    callFor: (owner) => async (service, operation, input, time) => {
      const carryOut = services[service];
      if (carryOut === undefined) throw new Error(`sluice/testing has no service '${service}'`);
      heard?.(operation, input);
      const planned = faults.call(requests++, service, operation, input);
      if (planned !== undefined) {
        faults.fire();
        disturbed(service, operation, input, planned);
      }
      let last: unknown;
      for (let attempt = 1; ; attempt++) {
        checkTime(time, last, 0);
        const befalls = attempt === 1 || REPEATED.has(planned ?? 'slow') ? planned : undefined;
        try {
          return await send(
            owner,
            operation,
            (refuse) =>
              refuse === undefined
                ? carryOut(operation, input)
                : inPart(carryOut, operation, input, refuse, () => world.chance.is(SILENT)),
            befalls,
            0,
            time?.millisLeft(),
          );
        } catch (error) {
          if (attempt === MAX_TRIES || !isTransient(error)) throw error;
          last = error;
        }
        const wait = world.chance.next() * Math.min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** attempt);
        checkTime(time, last, wait);
        await new Promise<void>((resolve) => world.after(wait, resolve, owner));
      }
    },
    outside: (owner, what, effect, millis = 0) =>
      once(owner, what, effect, millis, faults.call(requests++, 'outside', what, {})),
    control(owner, what, effect) {
      const planned = faults.call(requests++, 'control', what, {});
      return once(owner, what, effect, 0, planned === 'late' ? 'broken-after' : planned);
    },
  };
}

/** No try begins that cannot end in the time of its invocation. */
function checkTime(time: CallTime | undefined, last: unknown, wait: number): void {
  if (time === undefined || time.millisLeft() - wait >= SHORTEST_TRY_MS) return;
  throw last instanceof AwsError ? last : new OutOfTime('no time is left for a try');
}

/** Share of refused entries that an answer does not name as such. */
const SILENT = 0.5;

/** Faults that befall every try of a call. */
const REPEATED: ReadonlySet<CallFault> = new Set(['refuse', 'broken-before', 'broken-after']);

/** The longest that a request or an answer is under way without a fault. */
export const LONGEST_WAY_MILLIS = 150;

/** Mostly milliseconds, sometimes a tenth of a second. */
const latency = ({ chance }: World): number =>
  chance.is(0.05) ? chance.between(20, LONGEST_WAY_MILLIS) : chance.between(1, 12);

function conflictOf(operation: string): AwsError {
  if (operation === 'TransactWriteItems') return cancelled([{ Code: 'TransactionConflict' }]);
  if (['PutItem', 'UpdateItem', 'DeleteItem'].includes(operation)) {
    return new AwsError('TransactionConflictException', 'Transaction is ongoing for the item', 400);
  }
  return new AwsError('ThrottlingException', 'Rate exceeded', 400);
}

/** Batch requests that a service may take in part: where their entries are. */
const ENTRIES: Readonly<Record<string, string>> = {
  SendMessageBatch: 'Entries',
  DeleteMessageBatch: 'Entries',
  PublishBatch: 'PublishBatchRequestEntries',
  PutRecords: 'Records',
};

interface Entry {
  readonly Id?: string;
}
interface ListsAnswer {
  readonly Successful?: readonly object[];
  readonly Failed?: readonly object[];
}

/** Carries out a batch request without the entries that are refused. Services say so in more than one way. */
function inPart(
  service: Service,
  operation: string,
  input: object,
  refuses: (index: number) => boolean,
  isSilent: () => boolean,
): unknown {
  const field = ENTRIES[operation];
  if (field === undefined) return service(operation, input);
  const entries = (input as Record<string, readonly Entry[]>)[field] ?? [];
  const refused = entries.map((_, i) => refuses(i));
  const taken = entries.filter((_, i) => !refused[i]);
  const answer: unknown = taken.length === 0 ? {} : service(operation, { ...input, [field]: taken });
  if (operation === 'PutRecords')
    return recordsAnswer(refused, (answer as { Records?: object[] }).Records ?? [], isSilent);
  const { Successful = [], Failed = [] } = answer as ListsAnswer;
  // An entry that stands in neither list was not taken either.
  const named = entries.filter((_, i) => refused[i] && !isSilent());
  const error = { Code: 'ThrottlingException', Message: 'Rate exceeded', SenderFault: false };
  return { Successful, Failed: [...Failed, ...named.map(({ Id }) => ({ Id, ...error }))] };
}

/** A refused record has an error code and no sequence number: left out, or null. */
function recordsAnswer(refused: readonly boolean[], taken: readonly object[], isSilent: () => boolean): object {
  const error = { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'Rate exceeded' };
  const records = taken.values();
  return {
    FailedRecordCount: refused.filter(Boolean).length,
    Records: refused.map((no) => {
      if (!no) return records.next().value;
      return isSilent() ? { SequenceNumber: null, ShardId: null, ...error } : error;
    }),
  };
}
