import type { Subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import type { SwitchMapping } from '../../../lib/runtime/control/breaker-controller.ts';
import type { Runtime } from '../../../lib/runtime/invocation/runtime.ts';
import type { HandlerFunction } from '../../../lib/testing/lambda/instances.ts';
import type { QueueSpec } from '../../../lib/testing/services/sqs.ts';
import type { Station } from '../system/station.ts';

/** Which part of the system a piece of the runtime runs in. */
export type Role =
  | { readonly kind: 'consumer'; readonly station: Station }
  | { readonly kind: 'producer' | 'writer' | 'relay' | 'sweeper' | 'controller' };

/** A deliberately broken variant of the runtime: put between it and the world, so that what is broken is one thing only. */
export interface Mutation {
  readonly runtime?: (runtime: Runtime, role: Role) => Runtime;
  readonly handler?: (handler: HandlerFunction, role: Role) => HandlerFunction;
  readonly queues?: (spec: QueueSpec) => QueueSpec;
  readonly subscription?: <S extends Subscription>(subscription: S) => S;
  /** Changes which try the handler of an event is told it is. */
  readonly toldAttempt?: (told: number, eventId: string) => number;
  readonly switchMapping?: (change: SwitchMapping) => SwitchMapping;
}
