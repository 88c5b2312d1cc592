import { declare } from '../declaring/declaration-error.ts';
import { KINESIS } from '../declaring/limits.ts';
import type { AnyEventType } from '../events/event.ts';

/**
 * What may happen to an event when its channel cannot keep up (`pacedPublisher`):
 * `critical` - the producer waits, the event is never dropped; `normal` - it is refused after a deadline, with an error that names it;
 * `telemetry` - a sample is sent, the rest is dropped and counted.
 */
export type Criticality = 'critical' | 'normal' | 'telemetry';

const CRITICALITIES: readonly Criticality[] = ['critical', 'normal', 'telemetry'];

/** How events are put on a channel, whatever its kind. */
export interface Sending {
  /** What becomes of an event that is larger than the channel takes. */
  readonly oversized: 'refuse' | 'claim-check';
  readonly compress: 'never' | 'when-it-pays';
  /** By event type; types that are not named are `default`. */
  readonly criticality: { readonly default: Criticality; readonly byType: Readonly<Record<string, Criticality>> };
}

/** What a declaration may say about how events are sent to a channel. */
export interface SendingOptions<E extends AnyEventType> {
  /**
   * `claim-check`: the data goes to S3 and the message carries a reference; consumers get the event as if it had fitted. The
   * functions need the bucket: `ClaimCheckBucket`. @default 'refuse': publishing throws MessageTooLarge
   */
  readonly oversized?: Sending['oversized'];
  /**
   * `when-it-pays`: data of large events is compressed when that saves enough (`lib/runtime/messages/packing.ts` has the numbers). Every reader of the
   * channel must then read with Sluice. @default 'never'
   */
  readonly compress?: Sending['compress'];
  /** One for all, or by event type; types that are not named are critical. @default 'critical' */
  readonly criticality?: Criticality | { readonly [T in E['type']]?: Criticality };
}

/** @throws DeclarationError for a value that is none of the choices, or an event type that the channel does not carry */
export function sending<E extends AnyEventType>(
  thing: string,
  events: readonly E[],
  options: SendingOptions<E>,
): Sending {
  const { oversized = 'refuse', compress = 'never', criticality = 'critical' } = options;
  const byType = typeof criticality === 'string' ? {} : (criticality as Readonly<Record<string, Criticality>>);
  const all = typeof criticality === 'string' ? criticality : 'critical';
  oneOf(thing, 'oversized', oversized, ['refuse', 'claim-check']);
  oneOf(thing, 'compress', compress, ['never', 'when-it-pays']);
  for (const value of [all, ...Object.values(byType)]) oneOf(thing, 'criticality', value, CRITICALITIES);
  const strangers = Object.keys(byType).filter((type) => !events.some((event) => event.type === type));
  declare(
    strangers.length === 0,
    thing,
    `criticality names ${strangers.join(', ')}, which it does not carry`,
    'Name event types of this channel',
  );
  return { oversized, compress, criticality: { default: all, byType } };
}

function oneOf(thing: string, property: string, value: string, choices: readonly string[]): void {
  const known = choices.map((choice) => `'${choice}'`).join(', ');
  declare(
    choices.includes(value),
    thing,
    `${property} must be one of ${known} (given '${value}')`,
    'Choose one of them',
  );
}

export const criticalityOf = ({ criticality }: Pick<Sending, 'criticality'>, type: string): Criticality =>
  criticality.byType[type] ?? criticality.default;

/** The Kinesis Producer Library's own default. A PUT payload unit is 25 KB, so two of them are full. */
const DEFAULT_AGGREGATED_BYTES = 51_200;
const MIN_AGGREGATED_BYTES = 1_024;

/** @returns bytes of an aggregated record at most; undefined: every event is a record of its own */
export function aggregatedBytes(thing: string, given: boolean | number | undefined): number | undefined {
  if (given === undefined || given === false) return undefined;
  const bytes = given === true ? DEFAULT_AGGREGATED_BYTES : given;
  declare(
    Number.isInteger(bytes) && bytes >= MIN_AGGREGATED_BYTES && bytes <= KINESIS.maxAggregatedBytes,
    thing,
    `aggregate must be a whole number of bytes from ${MIN_AGGREGATED_BYTES} to ${KINESIS.maxAggregatedBytes} (given ${bytes})`,
    `Write aggregate: true for ${DEFAULT_AGGREGATED_BYTES}`,
  );
  return bytes;
}
