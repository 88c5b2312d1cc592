import type { IConstruct } from 'constructs';
import { type Declaration, declarationOf } from '../constructs/declared.ts';
import { type AlarmKind, alarmRule, settingsOf } from '../contracts/alarms.ts';

/** A declaration with the construct that deploys it. */
export interface Declared<Kind extends Declaration['kind']> {
  readonly construct: IConstruct;
  readonly declaration: Extract<Declaration, { readonly kind: Kind }>;
}

export interface DeclaredThings {
  readonly channels: readonly Declared<'channel'>[];
  readonly subscriptions: readonly Declared<'subscription'>[];
}

export function readDeclared(root: IConstruct): DeclaredThings {
  const channels: Declared<'channel'>[] = [];
  const subscriptions: Declared<'subscription'>[] = [];
  for (const construct of root.node.findAll()) {
    const declaration = declarationOf(construct);
    if (declaration?.kind === 'channel') channels.push({ construct, declaration });
    if (declaration?.kind === 'subscription') subscriptions.push({ construct, declaration });
  }
  return { channels, subscriptions };
}

/** Whether the subscription that a resource is made for declares, with its reason, that nobody needs an alarm. */
export const isSwitchedOff = (kind: AlarmKind, construct: IConstruct): boolean =>
  construct.node.scopes.some((scope) => {
    const declaration = declarationOf(scope);
    return declaration?.kind === 'subscription' && alarmRule(kind, settingsOf(declaration.subscription)) === undefined;
  });
