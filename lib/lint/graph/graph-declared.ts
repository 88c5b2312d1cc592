import type { IConstruct } from 'constructs';
import { type Declaration, declarationOf, SWITCHED_OFF_METADATA } from '../../constructs/channels/declared.ts';
import type { AlarmKind } from '../../contracts/declaring/alarms.ts';
import { isWithin } from '../reading/acknowledgements.ts';
import { aroundAndBelow } from '../reading/construct-tree.ts';
import { listOf } from '../reading/json.ts';
import type { Resource } from '../reading/resources.ts';

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
  for (const construct of aroundAndBelow(root)) {
    const declaration = declarationOf(construct);
    const place = { path: construct.node.path, resourcePath: construct.node.defaultChild?.node.path };
    if (declaration?.kind === 'channel') channels.push({ ...place, declaration });
    if (declaration?.kind === 'subscription') subscriptions.push({ ...place, declaration });
  }
  return { channels, subscriptions };
}

/** Alarms of which a subscription declares, with its reason, that nobody needs them. */
export interface SwitchedOff {
  /** Path of its construct: it holds for everything below. */
  readonly path: string;
  readonly kinds: readonly unknown[];
}

/** Reads them from the metadata of a construct, as it is in the tree and in the assembly. */
export const switchedOffIn = (
  path: string,
  metadata: readonly { readonly type?: unknown; readonly data?: unknown }[],
): readonly SwitchedOff[] =>
  metadata.filter(({ type }) => type === SWITCHED_OFF_METADATA).map(({ data }) => ({ path, kinds: listOf(data) }));

/** Whether the subscription that a resource is made for says that nobody needs an alarm. */
export const isSwitchedOff = (kind: AlarmKind, { path }: Resource, all: readonly SwitchedOff[]): boolean =>
  all.some((one) => isWithin(path, one.path) && one.kinds.includes(kind));
