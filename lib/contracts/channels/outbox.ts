import { type AlarmSettings, declareAlarms, OUTBOX_ALARMS } from '../declaring/alarms.ts';
import { declare, declareName } from '../declaring/declaration-error.ts';
import { type Duration, days } from '../declaring/duration.ts';
import type { AnyEventType } from '../events/event.ts';
import type { Log, Queue, Topic } from './channel.ts';

/** What an outbox can publish to. */
export type OutboxChannel = Topic | Log | Queue;

/**
 * Transactional outbox: business items and their events commit in one transaction; a relay publishes the events in sequence
 * per aggregate afterwards. https://docs.aws.amazon.com/prescriptive-guidance/latest/cloud-design-patterns/transactional-outbox.html
 */
export interface Outbox<Channels extends readonly OutboxChannel[] = readonly OutboxChannel[]> {
  readonly name: string;
  /** Where each event goes: every channel that lists its type. */
  readonly publishes: Channels;
  /** How long published rows are kept for inspection; unpublished ones never expire. */
  readonly keep: Duration;
  /** What is different about its alarms. */
  readonly alarms: AlarmSettings;
}

/** Types of the events that an outbox's channels list. */
export type PublishedType<Box extends Outbox> = Box['publishes'][number]['events'][number]['type'];

/** Declares an outbox. @throws DeclarationError naming the outbox when it publishes to nothing */
export function outbox<const Channels extends readonly OutboxChannel[]>(
  name: string,
  options: {
    readonly publishes: Channels;
    /** @default 7 days */
    readonly keep?: Duration;
    /** Other thresholds of alarms, or reasons to have none. @default the defaults of each kind */
    readonly alarms?: AlarmSettings;
  },
): Outbox<Channels> {
  declareName('outbox', name);
  declare(
    options.publishes.length > 0,
    `outbox '${name}'`,
    'publishes is empty',
    'List the topics, logs or queues its events go to',
  );
  return {
    name,
    publishes: options.publishes,
    keep: options.keep ?? days(7),
    alarms: declareAlarms(`outbox '${name}'`, OUTBOX_ALARMS, options.alarms),
  };
}

/** The channels of an outbox that carry an event type. */
export const destinationsOf = (box: Outbox, type: string): readonly OutboxChannel[] =>
  box.publishes.filter((channel) => channel.events.some((e: AnyEventType) => e.type === type));
