import { declare } from '../declaring/declaration-error.ts';
import type { Envelope } from '../events/envelope.ts';
import type { AnyEventType } from '../events/event.ts';
import type { GroupBy } from './channel.ts';

/** The event's own key, as message group unless declared otherwise. */
export const byKey = (event: Envelope): string => event.partitionkey;

/** @throws DeclarationError for a channel without events */
export function declareEvents(thing: string, events: readonly AnyEventType[]): void {
  declare(events.length > 0, thing, 'events is empty', 'List the events that may travel here');
}

/** What standard queues and topics may say about tenants. */
export interface FairOptions<E extends AnyEventType> {
  /** Whose work a message is: with it a busy tenant does not delay the others (fair queues). 1 to 128 characters. @default none */
  readonly tenantBy?: GroupBy<E>;
}

/** For declarations that the compiler has not seen. @throws DeclarationError for tenants of a FIFO channel */
export function declareNoTenants(thing: string, options: object): void {
  declare(
    !('tenantBy' in options),
    thing,
    'tenantBy belongs to standard queues and topics: with FIFO the message group decides the order',
    'Declare groupBy instead, or the channel without order',
  );
}
