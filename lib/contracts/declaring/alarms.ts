import { declare } from './declaration-error.ts';

/** When an alarm of a kind goes off, unless a declaration says otherwise. */
export interface AlarmDefault {
  /** The alarm goes off above this. */
  readonly threshold: number;
  /** What the threshold counts. */
  readonly unit: string;
  /** Minutes that are looked at. */
  readonly minutes: number;
  /** Share of these minutes that must be above the threshold, above 0 and up to 1. @default 1 */
  readonly share?: number;
}

/**
 * Every kind of alarm. The kind ends the alarm's name (`<stack>-<consumer>-<kind>`) and names its runbook. Words, severity and what
 * silence means are with the constructs (`alarms/kinds.ts`): this table travels in every function.
 */
export const ALARM_DEFAULTS = {
  'queue-depth': { threshold: 10_000, unit: 'messages', minutes: 5 },
  'oldest-message': { threshold: 300, unit: 'seconds', minutes: 1 },
  'dead-letters': { threshold: 0, unit: 'messages', minutes: 1 },
  'dead-letters-failed': { threshold: 0, unit: 'messages', minutes: 1 },
  undelivered: { threshold: 0, unit: 'messages', minutes: 1 },
  // A single failed try in a quiet minute is no trend.
  'error-rate': { threshold: 1, unit: 'percent of the messages', minutes: 5, share: 0.6 },
  'function-errors': { threshold: 1, unit: 'percent of the invocations', minutes: 5, share: 0.6 },
  throttles: { threshold: 0, unit: 'invocations', minutes: 5 },
  'received-drop': { threshold: 50, unit: 'percent below the usual', minutes: 30 },
  'iterator-age': { threshold: 50, unit: 'percent of the retention', minutes: 5 },
  'log-lag-messages': { threshold: 100_000, unit: 'records', minutes: 5 },
  // The newest minutes may not have been measured yet.
  'catch-up': { threshold: 10, unit: 'percent of the retention', minutes: 15, share: 0.8 },
  'hot-shard': { threshold: 10, unit: 'times the lag of the shard with the least', minutes: 10 },
  'producer-errors': { threshold: 0.1, unit: 'percent of the tries', minutes: 5 },
  // Of the newest minutes it may be known that the sweeper was called before it is known what it has measured.
  'oldest-unpublished': { threshold: 60, unit: 'seconds', minutes: 3 },
  'late-dropped': { threshold: 1, unit: 'percent of the events', minutes: 5 },
  'state-failures': { threshold: 0, unit: 'failures', minutes: 1 },
} as const satisfies Readonly<Record<string, AlarmDefault>>;

/** A kind of alarm, by its name: `dead-letters`. */
export type AlarmKind = keyof typeof ALARM_DEFAULTS;

/** Another threshold or time for an alarm, or a reason to have none. */
export type AlarmSetting =
  | {
      /** In the unit of the kind, 0 or more. @default the kind's */
      readonly threshold?: number;
      /** Whole minutes that are looked at, 1 to 60. @default the kind's */
      readonly minutes?: number;
    }
  | {
      /** Why nobody needs this alarm: at least a few words. */
      readonly off: string;
    };

/** What a declaration changes about its alarms, by kind. */
export type AlarmSettings = { readonly [K in AlarmKind]?: AlarmSetting };

const OF_CONSUMERS: readonly AlarmKind[] = ['dead-letters', 'dead-letters-failed', 'error-rate', 'throttles'];
const OF_LOGS: readonly AlarmKind[] = ['iterator-age', 'log-lag-messages', 'catch-up', 'hot-shard'];

/** Kinds of alarms that the consumers of a source have. */
export const CONSUMER_ALARMS = {
  queue: [...OF_CONSUMERS, 'received-drop', 'queue-depth', 'oldest-message', 'undelivered'],
  log: [...OF_CONSUMERS, 'received-drop', ...OF_LOGS, 'late-dropped', 'state-failures'],
  'table-changes': [...OF_CONSUMERS, 'iterator-age'],
} as const satisfies Readonly<Record<string, readonly AlarmKind[]>>;

/** Kinds that a channel may change: its own and those of its consumers. */
export const CHANNEL_ALARMS = {
  topic: ['producer-errors'],
  queue: [...CONSUMER_ALARMS.queue, 'producer-errors'],
  log: [...CONSUMER_ALARMS.log, 'producer-errors'],
} as const satisfies Readonly<Record<string, readonly AlarmKind[]>>;

export const OUTBOX_ALARMS = [
  'oldest-unpublished',
  'dead-letters',
  'function-errors',
  'throttles',
] as const satisfies readonly AlarmKind[];

const MAX_MINUTES = 60;
/** A reason has at least so many characters: `no` is none. */
const MIN_REASON_CHARACTERS = 10;

/**
 * Checks what a declaration says about its alarms.
 * @param thing for messages: `queue 'payments'`
 * @param known the kinds that it has
 * @throws DeclarationError for a kind that it does not have, a bad number, or a missing reason
 */
export function declareAlarms(thing: string, known: readonly string[], settings: AlarmSettings = {}): AlarmSettings {
  for (const [kind, setting] of Object.entries(settings)) {
    const what = `alarms['${kind}']`;
    declare(known.includes(kind), thing, `${what} is no alarm it can have`, `Choose among ${known.join(', ')}`);
    if ('off' in setting) {
      declare(
        setting.off.trim().length >= MIN_REASON_CHARACTERS,
        thing,
        `${what}.off must say why nobody needs the alarm (given '${setting.off}')`,
        "Write for example off: 'a load test fills this queue every night'",
      );
      continue;
    }
    const { threshold = 0, minutes = 1 } = setting;
    declare(
      Number.isFinite(threshold) && threshold >= 0,
      thing,
      `${what}.threshold must be 0 or more (given ${threshold})`,
      'Leave it out to have the default',
    );
    declare(
      Number.isInteger(minutes) && minutes >= 1 && minutes <= MAX_MINUTES,
      thing,
      `${what}.minutes must be a whole number from 1 to ${MAX_MINUTES} (given ${minutes})`,
      'Leave it out to have the default',
    );
  }
  return settings;
}

/** What a subscription and its channel change about alarms, the one that decides first. */
export const settingsOf = ({
  alarms,
  to,
}: {
  readonly alarms: AlarmSettings;
  readonly to: { readonly alarms: AlarmSettings };
}): readonly AlarmSettings[] => [alarms, to.alarms];

/** When an alarm goes off: above the threshold in so many of the minutes that are looked at. */
export interface AlarmRule {
  readonly threshold: number;
  readonly minutes: number;
  readonly breaching: number;
}

/**
 * The rule of an alarm.
 * @param settings of the declarations, the one that decides first
 * @returns undefined when it is switched off
 */
export function alarmRule(kind: AlarmKind, settings: readonly (AlarmSettings | undefined)[]): AlarmRule | undefined {
  const setting = settings.map((one) => one?.[kind]).find((one) => one !== undefined) ?? {};
  if ('off' in setting) return undefined;
  const standard: AlarmDefault = ALARM_DEFAULTS[kind];
  const { threshold = standard.threshold, minutes = standard.minutes } = setting;
  return { threshold, minutes, breaching: Math.ceil(minutes * (standard.share ?? 1)) };
}
