import type { IConstruct } from 'constructs';
import type { Channel } from '../../contracts/channels/channel.ts';
import { ALARM_DEFAULTS, type AlarmKind, alarmRule, settingsOf } from '../../contracts/declaring/alarms.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import { ALARM_KINDS } from '../alarms/kinds.ts';
import { stageOf } from '../stages/stage.ts';

/** What a construct was made from. The linter reads it: some mistakes only the declaration can tell. */
export type Declaration =
  | { readonly kind: 'channel'; readonly channel: Channel }
  | { readonly kind: 'subscription'; readonly subscription: Subscription };

const DECLARATIONS = new WeakMap<IConstruct, Declaration>();

/** Type of the metadata with the alarms that a subscription declares, with its reason, or its stage says, that nobody needs: an assembly has it, too. */
export const SWITCHED_OFF_METADATA = 'sluice:alarms-off';

/** Notes what a construct deploys: on the queue, stream or topic of a channel, on the consumer of a subscription. */
export function deploys(construct: IConstruct, declaration: Declaration): void {
  DECLARATIONS.set(construct, declaration);
  if (declaration.kind !== 'subscription') return;
  const settings = settingsOf(declaration.subscription);
  const criticalOnly = stageOf(construct).alarms === 'critical';
  const off = (Object.keys(ALARM_DEFAULTS) as AlarmKind[]).filter(
    (kind) => alarmRule(kind, settings) === undefined || (criticalOnly && ALARM_KINDS[kind].severity === 'warning'),
  );
  if (off.length > 0) construct.node.addMetadata(SWITCHED_OFF_METADATA, off);
}

export const declarationOf = (construct: IConstruct): Declaration | undefined => DECLARATIONS.get(construct);
