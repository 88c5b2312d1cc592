import type { Resource } from '../reading/resources.ts';
import type { Graph } from './graph.ts';

/** An error fails synthesis; a warning is shown. */
export type Severity = 'error' | 'warning';

/** A mistake that the linter looks for. */
export interface Rule {
  /** What it is acknowledged by: `Messaging-QueueWithoutDeadLetters`. */
  readonly id: `Messaging-${string}`;
  readonly severity: Severity;
  /** The mistake in a few words, for lists. */
  readonly mistake: string;
  /** What comes of it. */
  readonly why: string;
  /** Page of the service's documentation that says so. @default it follows from the declaration */
  readonly source?: string;
  readonly check: (graph: Graph) => readonly Offence[];
}

/** One place where a rule is broken. */
export interface Offence {
  readonly at: { readonly path: string };
  /** Property of the resource, or of the declaration. */
  readonly property: string;
  /** What it is, in its unit. */
  readonly value: string;
  /** What to write instead. */
  readonly fix: string;
}

/** An offence of a resource's property. */
export const offence = (
  { resource }: { readonly resource: Resource },
  property: string,
  value: string,
  fix: string,
): Offence => ({ at: resource, property, value, fix });

/** An offence of how a consumer reads its source, wherever its kind says so. */
export const settingOffence = (
  consumer: { readonly resource: Resource; readonly prefix: string },
  name: string,
  value: string,
  fix: string,
): Offence => offence(consumer, `${consumer.prefix}${name}`, value, fix);
