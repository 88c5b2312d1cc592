import type { FaultAction, FaultSpec } from './fault-spec.ts';
import { FAULT_KIND_NAMES } from './kinds.ts';

/** Actions that make sense at one point inside the engine only. */
const ONLY_AT: Readonly<Partial<Record<FaultAction, string>>> = {
  duplicate: 'lambda Deliver after',
  reorder: 'sqs Enqueue before',
  'skew-clock': 'lambda Start before',
};
/** Points inside the engine, with what else can happen there. */
const INSIDE: Readonly<Record<string, readonly FaultAction[]>> = {
  'lambda Deliver': ['throttle', 'duplicate'],
  'lambda Start': ['skew-clock'],
  'sqs Enqueue': ['reorder'],
};
const BEFORE_ONLY: readonly FaultAction[] = ['throttle', 'latency', 'stop-stream'];

/** @throws RangeError or TypeError that names the field, its value and what it may be */
export function checkFaultSpec(spec: FaultSpec): void {
  for (const field of ['service', 'operation'] as const) {
    if (typeof spec[field] !== 'string' || spec[field] === '') {
      throw new TypeError(`fault: ${field} is ${JSON.stringify(spec[field])}; give the ${field}'s name`);
    }
  }
  oneOf(spec, 'when', ['before', 'after']);
  oneOf(spec, 'action', ['error', ...FAULT_KIND_NAMES]);
  for (const field of ['nth', 'times'] as const) {
    const value = spec[field];
    if (value !== undefined && (!Number.isInteger(value) || value < 1)) {
      throw new RangeError(`fault: ${field} is ${value}; must be a whole number from 1`);
    }
  }
  if (spec.ms !== undefined && !Number.isFinite(spec.ms)) {
    throw new RangeError(`fault: ms is ${spec.ms}; must be a number of milliseconds`);
  }
  checkPlace(spec);
}

function oneOf(spec: FaultSpec, field: 'when' | 'action', choices: readonly string[]): void {
  if (choices.includes(spec[field])) return;
  throw new TypeError(`fault: ${field} is ${JSON.stringify(spec[field])}; must be one of ${choices.join(', ')}`);
}

function checkPlace({ service, operation, when, action }: FaultSpec): void {
  const place = `${service} ${operation} ${when}`;
  const wanted = ONLY_AT[action];
  if (wanted !== undefined && wanted !== place) {
    const [at, point, side] = wanted.split(' ');
    throw new TypeError(
      `fault: action '${action}' is only possible with service '${at}', operation '${point}' and when '${side}', not at ${place}`,
    );
  }
  const possible = INSIDE[`${service} ${operation}`];
  if (possible !== undefined && !possible.includes(action)) {
    throw new TypeError(`fault: at ${service} ${operation} only ${possible.join(', ')} can happen, not '${action}'`);
  }
  if (BEFORE_ONLY.includes(action) && when === 'after') {
    throw new TypeError(`fault: action '${action}' happens before a call; say when: 'before'`);
  }
}
