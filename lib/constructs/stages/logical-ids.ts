import { createHash } from 'node:crypto';
import { Aspects, CfnResource } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Names by the construct that bears one. */
const NAMED = new WeakMap<IConstruct, string>();

const HASH_CHARACTERS = 8;
const MAX_NAME_CHARACTERS = 120;

/**
 * Makes the logical ids of a resource and of what hangs on it (its policy, a mapping or subscription of it) from its name, where the CDK makes them from
 * its place in the construct tree. CloudFormation creates what has a new logical id before it deletes what has lost its own: a construct that moves, or
 * one around it that is renamed, would be created under a name that is taken, and the deployment ends in "already exists". A policy or a subscription
 * would be made anew and then deleted with the old one.
 * @param name what its physical name is made of, without the stack's
 */
export function idByName<T extends IConstruct>(construct: T, name: string): T {
  NAMED.set(construct, name);
  const visit = (node: IConstruct): void => {
    if (CfnResource.isCfnResource(node)) node.overrideLogicalId(idOf(node));
  };
  // At once, for whoever asks for an id before synthesis; and once more for what is added to it later.
  construct.node.findAll().forEach(visit);
  Aspects.of(construct).add({ visit });
  return construct;
}

/** The same for a part of a resource that bears a name, to which the CDK gives an id of its own that tells where something else is in the tree. */
export function idInName<T extends IConstruct>(part: T, id: string): T {
  const bearer = part.node.scopes.findLast((scope) => NAMED.has(scope));
  const name = bearer && NAMED.get(bearer);
  return name === undefined ? part : idByName(part, `${name}-${id}`);
}

/** Of the nearest that bears a name, what it is below it, and its type. */
function idOf(resource: CfnResource): string {
  const { scopes } = resource.node;
  const from = scopes.findLastIndex((scope) => NAMED.has(scope));
  const bearer = scopes[from];
  const name = (bearer && NAMED.get(bearer)) ?? '';
  const below = scopes.slice(from + 1).map(({ node }) => node.id);
  const type = resource.cfnResourceType;
  const hash = createHash('sha256')
    .update([name, ...below, type].join('/'))
    .digest('hex')
    .slice(0, HASH_CHARACTERS);
  return `${pascal(name).slice(0, MAX_NAME_CHARACTERS)}${type.split('::').at(-1)}${hash.toUpperCase()}`;
}

const pascal = (name: string): string =>
  name
    .replace(/(^|[^A-Za-z0-9]+)([A-Za-z0-9]?)/g, (_, __, letter: string) => letter.toUpperCase())
    .replace(/^\d/, 'N$&');
