import type { IConstruct } from 'constructs';
import { ALARM_DEFAULTS, type AlarmKind, alarmRule, settingsOf } from '../contracts/alarms.ts';
import type { Channel } from '../contracts/channel.ts';
import type { Subscription } from '../contracts/subscription.ts';

/** What a construct was made from. The linter reads it: some mistakes only the declaration can tell. */
export type Declaration =
  | { readonly kind: 'channel'; readonly channel: Channel }
  | { readonly kind: 'subscription'; readonly subscription: Subscription };

const DECLARATIONS = new WeakMap<IConstruct, Declaration>();

/** Type of the metadata with the alarms that a subscription declares, with its reason, that nobody needs: an assembly has it, too. */
export const SWITCHED_OFF_METADATA = 'sluice:alarms-off';

/** Notes what a construct deploys: on the queue, stream or topic of a channel, on the consumer of a subscription. */
export function deploys(construct: IConstruct, declaration: Declaration): void {
  DECLARATIONS.set(construct, declaration);
  if (declaration.kind !== 'subscription') return;
  const settings = settingsOf(declaration.subscription);
  const off = (Object.keys(ALARM_DEFAULTS) as AlarmKind[]).filter((kind) => alarmRule(kind, settings) === undefined);
  if (off.length > 0) construct.node.addMetadata(SWITCHED_OFF_METADATA, off);
}

export const declarationOf = (construct: IConstruct): Declaration | undefined => DECLARATIONS.get(construct);
