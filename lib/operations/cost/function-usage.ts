import type { Assumptions } from './assumptions.ts';
import { SECONDS_PER_MONTH, type Usage } from './charge.ts';

const MIB_PER_GB = 1_024;
const MILLIS_PER_SECOND = 1_000;
const BYTES_PER_GB = 1e9;
const DAYS_PER_MONTH = 30.4;

/** How often a function runs, and what it then says. */
export interface Running {
  readonly invocationsPerSecond: number;
  /** Messages that it writes a line about. */
  readonly loggedPerSecond: number;
  readonly memoryMib: number;
}

/** A month of a function: requests, time, logs. */
export function functionUsage(part: string, running: Running, a: Assumptions): Usage[] {
  const { invocationsPerSecond, loggedPerSecond, memoryMib } = running;
  const invocations = invocationsPerSecond * SECONDS_PER_MONTH;
  const logBytes = invocations * a.logBytesPerInvocation + loggedPerSecond * SECONDS_PER_MONTH * a.logBytesPerMessage;
  return [
    { part, price: 'lambdaRequests', quantity: invocations },
    {
      part,
      price: 'lambdaTime',
      quantity: (invocations * (memoryMib / MIB_PER_GB) * a.durationMs) / MILLIS_PER_SECOND,
    },
    { part, price: 'logs', quantity: logBytes },
    { part, price: 'logStorage', quantity: (logBytes / BYTES_PER_GB) * (a.logDays / DAYS_PER_MONTH) },
  ];
}

/** Items that are kept for a time, with point-in-time recovery. DynamoDB adds 100 bytes to each. */
export function storageUsage(part: string, itemsPerSecond: number, itemBytes: number, keptSeconds: number): Usage[] {
  const quantity = (itemsPerSecond * (itemBytes + STORAGE_OVERHEAD_BYTES) * keptSeconds) / BYTES_PER_GB;
  return [
    { part, price: 'dynamodbStorage', quantity },
    { part, price: 'dynamodbRecovery', quantity },
  ];
}

const STORAGE_OVERHEAD_BYTES = 100;
