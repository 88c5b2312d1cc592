import type { IConstruct } from 'constructs';
import type { Channel } from '../contracts/channel.ts';
import type { Subscription } from '../contracts/subscription.ts';

/** What a construct was made from. The linter reads it: some mistakes only the declaration can tell. */
export type Declaration =
  | { readonly kind: 'channel'; readonly channel: Channel }
  | { readonly kind: 'subscription'; readonly subscription: Subscription };

const DECLARATIONS = new WeakMap<IConstruct, Declaration>();

/** Notes what a construct deploys: on the queue, stream or topic of a channel, on the consumer of a subscription. */
export const deploys = (construct: IConstruct, declaration: Declaration): void =>
  void DECLARATIONS.set(construct, declaration);

export const declarationOf = (construct: IConstruct): Declaration | undefined => DECLARATIONS.get(construct);
