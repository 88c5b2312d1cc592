import { type CompatibilityRule, type Incompatibility, incompatibilities, type Mode } from './compatibility.ts';
import { type JsonSchema, meaningOf, sameJson } from './json-schema.ts';
import type { SchemaSnapshot } from './schema-snapshot.ts';

/** An event as the code declares it today. */
export interface DeclaredSchemas {
  readonly type: string;
  /** The newest version and the ones that are upcast, oldest first. */
  readonly versions: readonly { readonly version: number; readonly schema: JsonSchema }[];
  readonly channels: readonly string[];
  /** Subscriptions that read it. */
  readonly consumers: readonly string[];
  readonly retentionDays: number;
}

/** What may not be done to a committed version. */
export type EvolutionRule =
  /** The data of a committed version differs in more than words. */
  | 'changed-without-version'
  /** A version that may still be in a channel is neither the newest nor upcast. */
  | 'upcaster-missing'
  | 'not-committed'
  /** A version newer than the code's is committed. */
  | 'version-lowered'
  | 'event-removed';

export interface Finding {
  readonly event: string;
  readonly version: number;
  /** Field, like `lines[].sku`; empty for the event as a whole. */
  readonly path: string;
  readonly rule: EvolutionRule | CompatibilityRule;
  /** Which readers break: new code over old data, old code over new data, or both; undefined when the rule is about versions. */
  readonly breaks: Mode | undefined;
  readonly before: string;
  readonly after: string;
  readonly fix: string;
  /** Subscriptions that break. */
  readonly consumers: readonly string[];
  /** Warnings do not fail the check. */
  readonly level: 'error' | 'warning';
}

export interface EvolutionOptions {
  /**
   * `backward` fails for what new code cannot read; `forward` and `full` also for what consumers that still run the old code
   * cannot read. @default 'backward', forward breaks of a version that is not committed yet are warnings
   */
  readonly mode?: Mode;
  readonly now: Date;
}

/**
 * Compares the code with the committed snapshots.
 *
 * A committed version never changes but in words. A change that is compatible both ways would be harmless to readers, but then one
 * name would stand for two shapes: the registry, a dead letter and a consumer of another team could each mean another one.
 *
 * A new version needs an upcaster from every older one that may still be read from a channel: a version is gone when the next one
 * was written longer ago than the longest retention. With the upcaster it is backward compatible by definition.
 */
export function checkEvolution(
  declared: readonly DeclaredSchemas[],
  committed: readonly SchemaSnapshot[],
  { mode = 'backward', now }: EvolutionOptions,
): readonly Finding[] {
  const types = new Set([...declared, ...committed].map(({ type }) => type));
  return [...types].sort().flatMap((type) => {
    const event = declared.find((one) => one.type === type);
    const snapshots = committed.filter((one) => one.type === type).sort((a, b) => a.version - b.version);
    return event === undefined ? removed(type, snapshots) : checkEvent(event, snapshots, mode, now);
  });
}

type Said = Pick<Finding, 'rule' | 'version' | 'before' | 'after' | 'fix'> & Partial<Finding>;

function checkEvent(
  event: DeclaredSchemas,
  snapshots: readonly SchemaSnapshot[],
  mode: Mode,
  now: Date,
): readonly Finding[] {
  const newest = event.versions.at(-1);
  if (newest === undefined) return [];
  const say = (said: Said): Finding => ({
    event: event.type,
    path: '',
    breaks: undefined,
    consumers: event.consumers,
    level: 'error',
    ...said,
  });
  const declaredAs = (version: number) => event.versions.find((one) => one.version === version);
  const findings: Finding[] = [];

  for (const { version, schema } of snapshots) {
    const today = declaredAs(version)?.schema;
    if (today !== undefined) findings.push(...changes(event, version, newest.version, schema, today).map(say));
    else if (version > newest.version) {
      findings.push(
        say({
          rule: 'version-lowered',
          version,
          before: `version ${version}`,
          after: `version ${newest.version}`,
          fix: `Declare version ${version} again; what was written under it may be in a channel. If it was never deployed, delete its snapshot`,
        }),
      );
    } else if (isInRetention(version, snapshots, event.retentionDays, now)) {
      const until = retentionEnd(version, snapshots, event.retentionDays);
      findings.push(
        say({
          rule: 'upcaster-missing',
          version: newest.version,
          breaks: 'backward',
          before: `version ${version} in ${event.channels.join(', ') || 'no channel'} ${
            until === undefined ? 'until it is replaced' : `until ${until.toISOString().slice(0, 10)}`
          }`,
          after: `version ${newest.version} without a way from ${version}`,
          fix: `Add previous: [previousVersion(${version}, DataOfVersion${version}, (old) => ({ ...old })), …] to the event, one for each version up to ${newest.version - 1}`,
        }),
        ...incompatibilities(schema, newest.schema, 'backward').map((one) => say({ ...one, version: newest.version })),
      );
    }
  }

  for (const { version } of event.versions) {
    if (snapshots.some((one) => one.version === version)) continue;
    findings.push(
      say({
        rule: 'not-committed',
        version,
        consumers: [],
        before: 'no snapshot',
        after: `version ${version}`,
        fix: 'Run: npx sluice schema write, and commit what it writes',
      }),
    );
  }

  // Old code over new data: asked for, or while the new version is being made.
  const before = snapshots.findLast(({ version }) => version < newest.version);
  const isNew = !snapshots.some(({ version }) => version >= newest.version);
  if (before !== undefined && (mode !== 'backward' || isNew)) {
    findings.push(
      ...incompatibilities(before.schema, newest.schema, 'forward').map((one) =>
        say({ ...one, version: newest.version, level: mode === 'backward' ? 'warning' : 'error' }),
      ),
    );
  }
  return findings;
}

/** A version's data against its snapshot: what differs, and whom each difference breaks. */
function changes(
  { type }: DeclaredSchemas,
  version: number,
  newest: number,
  committed: JsonSchema,
  today: JsonSchema,
): readonly Said[] {
  if (sameJson(meaningOf(committed), meaningOf(today))) return [];
  const restore = `schemas/${type}.v${version}.json`;
  const fix =
    version === newest
      ? `Restore version ${version} as in ${restore}; declare the change as version ${version + 1} with previousVersion(${version}, …)`
      : `Restore the schema in previousVersion(${version}, …) as in ${restore}: that is what was written`;
  const found = bothWays(incompatibilities(committed, today, 'full')).map((one) => ({ ...one, version, fix }));
  const effect = found.length === 0 ? 'another schema, compatible both ways' : 'another schema';
  return [
    { rule: 'changed-without-version', version, before: `as committed in ${restore}`, after: effect, fix },
    ...found,
  ];
}

/** A change that breaks both ways in the same words is one finding. */
function bothWays(
  found: readonly Incompatibility[],
): readonly (Omit<Incompatibility, 'breaks'> & { readonly breaks: Mode })[] {
  const groups = Map.groupBy(found, ({ path, rule, before, after }) => JSON.stringify([path, rule, before, after]));
  return [...groups.values()].flatMap(([one, other]) =>
    one === undefined ? [] : [{ ...one, breaks: other === undefined ? one.breaks : ('full' as const) }],
  );
}

function removed(type: string, snapshots: readonly SchemaSnapshot[]): readonly Finding[] {
  const last = snapshots.at(-1);
  if (last === undefined) return [];
  return [
    {
      event: type,
      version: last.version,
      path: '',
      rule: 'event-removed',
      breaks: 'backward',
      before: `version ${last.version} in ${last.channels.join(', ')}`,
      after: 'not declared',
      fix: `Declare it until ${last.retentionDays} days after the last one was sent; then delete its files in schemas/`,
      consumers: [],
      level: 'error',
    },
  ];
}

const DAY_MS = 86_400_000;

/** When the last event of a version is gone from every channel; undefined while it is the newest that is committed. */
export function retentionEnd(
  version: number,
  snapshots: readonly SchemaSnapshot[],
  retentionDays: number,
): Date | undefined {
  const next = snapshots.find((one) => one.version > version);
  const own = snapshots.find((one) => one.version === version);
  if (next === undefined) return undefined;
  return new Date(Date.parse(next.since) + Math.max(retentionDays, own?.retentionDays ?? 0) * DAY_MS);
}

function isInRetention(
  version: number,
  snapshots: readonly SchemaSnapshot[],
  retentionDays: number,
  now: Date,
): boolean {
  const end = retentionEnd(version, snapshots, retentionDays);
  return end === undefined || now < end;
}
