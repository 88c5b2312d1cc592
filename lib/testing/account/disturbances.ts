import { DeclarationError } from '../../contracts/declaring/declaration-error.ts';
import type { AwsService } from '../../runtime/aws/calls/call.ts';
import { CALL_FAULTS, type CallFault, type FaultPlan, INVOKE_FAULTS, type InvokeFault } from '../calls/faults.ts';

/** Which request a disturbance befalls: the next one that is like this. */
export interface DisturbedCall {
  /** @default any service */
  readonly service?: AwsService;
  /** As the API calls it: `PutItem`, `TransactWriteItems`, `SendMessageBatch`, `PutRecords`, ... @default any operation */
  readonly operation?: string;
  /** Only requests to this table. @default any table */
  readonly table?: string;
  /** Which of them, from now: 1 is the next one. @default 1 */
  readonly nth?: number;
  /** How many in a row. @default 1 */
  readonly times?: number;
}

/** Which invocation by an event source mapping a disturbance befalls. */
export interface DisturbedInvocation {
  /** From now: 1 is the next one. @default 1 */
  readonly nth?: number;
  /** How many in a row. @default 1 */
  readonly times?: number;
}

interface Disturbance {
  readonly what: string;
  readonly told: string;
  /** Requests or invocations yet to come before it. */
  ahead: number;
  left: number;
}

interface CallDisturbance extends Disturbance {
  readonly what: CallFault;
  readonly isLike: (service: string, operation: string, input: object) => boolean;
}

interface InvokeDisturbance extends Disturbance {
  readonly what: InvokeFault;
}

/** What a test has asked to go wrong. */
export interface Disturbances extends FaultPlan {
  readonly disturbCall: (what: CallFault, which?: DisturbedCall) => void;
  readonly disturbInvocation: (what: InvokeFault, which?: DisturbedInvocation) => void;
  /** Those that have not come to pass: a test that waits for them proves nothing. */
  readonly outstanding: () => readonly string[];
}

export function disturbances(): Disturbances {
  const calls: CallDisturbance[] = [];
  const invocations: InvokeDisturbance[] = [];

  /** Counts those that it could befall; the first that is due does. */
  function befalling<D extends Disturbance>(candidates: readonly D[]): D['what'] | undefined {
    let befalls: D | undefined;
    for (const one of candidates) {
      if (one.ahead > 0) one.ahead -= 1;
      else if (one.left > 0) befalls ??= one;
    }
    if (befalls !== undefined) befalls.left -= 1;
    return befalls?.what;
  }

  return {
    call: (_n, service, operation, input) =>
      calls.length === 0 ? undefined : befalling(calls.filter(({ isLike }) => isLike(service, operation, input))),
    invoke: () => befalling(invocations),
    fire: () => undefined,
    disturbCall(what, { service, operation, table, nth = 1, times = 1 } = {}) {
      known('disturbCall', what, CALL_FAULTS);
      counted('disturbCall', nth, times);
      const told = `'${what}' of request ${nth} like ${JSON.stringify({ service, operation, table })}`;
      calls.push({
        what,
        told,
        ahead: nth - 1,
        left: times,
        isLike: (of, named, input) =>
          (service ?? of) === of && (operation ?? named) === named && (table === undefined || isOf(table, input)),
      });
    },
    disturbInvocation(what, { nth = 1, times = 1 } = {}) {
      known('disturbInvocation', what, INVOKE_FAULTS);
      counted('disturbInvocation', nth, times);
      invocations.push({ what, told: `'${what}' of invocation ${nth}`, ahead: nth - 1, left: times });
    },
    outstanding: () => [...calls, ...invocations].filter(({ left }) => left > 0).map(({ told }) => told),
  };
}

/** Every request names its tables somewhere: once, in a list, or as names of members. */
function isOf(table: string, input: object): boolean {
  const { TableName, RequestItems, TransactItems } = input as {
    TableName?: string;
    RequestItems?: object;
    TransactItems?: readonly Readonly<Record<string, { TableName?: string }>>[];
  };
  if (TableName === table || (RequestItems !== undefined && table in RequestItems)) return true;
  return (TransactItems ?? []).some((entry) => Object.values(entry).some((write) => write.TableName === table));
}

function known(thing: string, what: string, all: readonly string[]): void {
  if (all.includes(what)) return;
  throw new DeclarationError(thing, `there is no '${what}'`, `Write one of: ${all.join(', ')}`);
}

function counted(thing: string, nth: number, times: number): void {
  if ([nth, times].every((number) => Number.isSafeInteger(number) && number >= 1)) return;
  throw new DeclarationError(
    thing,
    `nth and times must be whole numbers from 1 (given ${nth} and ${times})`,
    'Count requests from the next one, which is 1',
  );
}
