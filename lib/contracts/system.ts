import type { Channel } from './channels/channel.ts';
import type { Outbox } from './channels/outbox.ts';
import type { AnyTableChanges } from './channels/table-changes.ts';
import type { AnyEventType } from './events/event.ts';
import type { Subscription } from './subscriptions/subscription.ts';

/** Everything that a system declares, by kind. */
export interface SystemContract {
  readonly name: string;
  readonly events: readonly AnyEventType[];
  readonly channels: readonly Channel[];
  /** Tables whose changes are consumed. Nobody sends those as events: they have no versions and no snapshots. */
  readonly tableChanges: readonly AnyTableChanges[];
  readonly subscriptions: readonly Subscription[];
  readonly outboxes: readonly Outbox[];
}

const has = (value: unknown, ...names: readonly string[]): boolean =>
  typeof value === 'object' && value !== null && names.every((name) => name in value);

const isEvent = (value: unknown): value is AnyEventType => has(value, 'type', 'version', 'data', 'key');
const isSource = (value: unknown): value is Channel | AnyTableChanges => has(value, 'kind', 'name', 'events');
const isTableChanges = (value: unknown): value is AnyTableChanges => isSource(value) && value.kind === 'table-changes';
const isChannel = (value: unknown): value is Channel => isSource(value) && value.kind !== 'table-changes';
const isSubscription = (value: unknown): value is Subscription => has(value, 'to', 'guarantee');
const isOutbox = (value: unknown): value is Outbox => has(value, 'publishes', 'name');

/**
 * Sorts the exports of a contract module by what they are; exports that declare nothing are passed over.
 * @param exports the module: `import * as orders from './contract.ts'`
 */
export function systemContract(name: string, exports: Readonly<Record<string, unknown>>): SystemContract {
  // By name: the order of a module's exports depends on who loads it.
  const declared = Object.keys(exports)
    .sort()
    .map((key) => exports[key]);
  const channels = declared.filter(isChannel);
  return {
    name,
    // Channels may carry events of another system's contract.
    events: [...new Set([...declared.filter(isEvent), ...channels.flatMap(({ events }) => events)])],
    channels,
    tableChanges: declared.filter(isTableChanges),
    subscriptions: declared.filter(isSubscription),
    outboxes: declared.filter(isOutbox),
  };
}
