import type { IConstruct } from 'constructs';
import { type Declaration, declarationOf } from '../constructs/declared.ts';
import { type AlarmKind, alarmRule, settingsOf } from '../contracts/alarms.ts';
import { isWithin } from './acknowledgements.ts';
import type { Resource } from './resources.ts';

/** A declaration with the construct that deploys it. */
export interface Declared<Kind extends Declaration['kind']> {
  readonly path: string;
  /** Path of the resource that it is in the first place. */
  readonly resourcePath: string | undefined;
  readonly declaration: Extract<Declaration, { readonly kind: Kind }>;
}

export interface DeclaredThings {
  readonly channels: readonly Declared<'channel'>[];
  readonly subscriptions: readonly Declared<'subscription'>[];
}

/** What is known of templates that come without their constructs. */
export const NOTHING_DECLARED: DeclaredThings = { channels: [], subscriptions: [] };

export function readDeclared(root: IConstruct): DeclaredThings {
  const channels: Declared<'channel'>[] = [];
  const subscriptions: Declared<'subscription'>[] = [];
  for (const construct of [...root.node.scopes.slice(0, -1), ...root.node.findAll()]) {
    const declaration = declarationOf(construct);
    const place = { path: construct.node.path, resourcePath: construct.node.defaultChild?.node.path };
    if (declaration?.kind === 'channel') channels.push({ ...place, declaration });
    if (declaration?.kind === 'subscription') subscriptions.push({ ...place, declaration });
  }
  return { channels, subscriptions };
}

/** Whether the subscription that a resource is made for declares, with its reason, that nobody needs an alarm. */
export const isSwitchedOff = (kind: AlarmKind, { path }: Resource, { subscriptions }: DeclaredThings): boolean =>
  subscriptions.some(
    (declared) =>
      isWithin(path, declared.path) && alarmRule(kind, settingsOf(declared.declaration.subscription)) === undefined,
  );
