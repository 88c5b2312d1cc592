import { describe, expect, it } from 'vitest';
import type { Mode } from '../../../lib/contracts/schemas/compatibility.ts';
import { checkEvolution, type DeclaredSchemas, retentionEnd } from '../../../lib/contracts/schemas/evolution.ts';
import type { JsonSchema } from '../../../lib/contracts/schemas/json-schema.ts';
import type { SchemaSnapshot } from '../../../lib/contracts/schemas/schema-snapshot.ts';

const ticket = (properties: Record<string, string>, required = Object.keys(properties)): JsonSchema => ({
  type: 'object',
  properties: Object.fromEntries(Object.entries(properties).map(([name, type]) => [name, { type }])),
  required,
});

const V1 = ticket({ id: 'string', price: 'number' });
const V2 = ticket({ id: 'string', price: 'number', currency: 'string' });

const declared = (...schemas: readonly (readonly [number, JsonSchema])[]): DeclaredSchemas => ({
  type: 'tickets.ticket-sold',
  versions: schemas.map(([version, schema]) => ({ version, schema })),
  channels: ['ticket-log'],
  consumers: ['ship', 'count'],
  retentionDays: 10,
});

const snapshot = (version: number, schema: JsonSchema, since = '2026-11-01'): SchemaSnapshot => ({
  type: 'tickets.ticket-sold',
  version,
  since,
  channels: ['ticket-log'],
  retentionDays: 10,
  schema,
});

const NOW = new Date('2026-11-20T12:00:00Z');
const check = (code: DeclaredSchemas | undefined, committed: readonly SchemaSnapshot[], mode?: Mode, now = NOW) =>
  checkEvolution(code === undefined ? [] : [code], committed, { ...(mode === undefined ? {} : { mode }), now });
const said = (...args: Parameters<typeof check>) =>
  check(...args).map(
    ({ rule, version, path, level }) => `${level} v${version} ${path}${path === '' ? '' : ' '}${rule}`,
  );

describe('a committed version', () => {
  it('that is as it was committed passes', () => {
    expect(check(declared([1, V1]), [snapshot(1, V1)], 'full')).toEqual([]);
  });

  it('may change its words', () => {
    const reworded = { ...(V1 as object), title: 'A ticket', description: 'sold' };
    expect(check(declared([1, reworded]), [snapshot(1, V1)], 'full')).toEqual([]);
  });

  it('must not change its data: field, rule, consumers and fix are named', () => {
    expect(check(declared([1, V2]), [snapshot(1, V1)])).toEqual([
      {
        event: 'tickets.ticket-sold',
        version: 1,
        path: '',
        rule: 'changed-without-version',
        breaks: undefined,
        before: 'as committed in schemas/tickets.ticket-sold.v1.json',
        after: 'another schema',
        fix: 'Restore version 1 as in schemas/tickets.ticket-sold.v1.json; declare the change as version 2 with previousVersion(1, …)',
        consumers: ['ship', 'count'],
        level: 'error',
      },
      {
        event: 'tickets.ticket-sold',
        version: 1,
        path: 'currency',
        rule: 'required-field-added',
        breaks: 'backward',
        before: 'no such field',
        after: 'required',
        fix: expect.stringContaining('declare the change as version 2'),
        consumers: ['ship', 'count'],
        level: 'error',
      },
    ]);
  });

  it('must not even change compatibly: one name would stand for two shapes', () => {
    const optional = ticket({ id: 'string', price: 'number', note: 'string' }, ['id', 'price']);
    expect(check(declared([1, optional]), [snapshot(1, V1)])).toEqual([
      expect.objectContaining({ rule: 'changed-without-version', after: 'another schema, compatible both ways' }),
    ]);
  });

  it('must not change where it is upcast either', () => {
    const [first] = check(declared([1, V2], [2, V2]), [snapshot(1, V1), snapshot(2, V2)]);
    expect(first).toMatchObject({ rule: 'changed-without-version', version: 1 });
    expect(first?.fix).toContain('Restore the schema in previousVersion(1');
  });
});

describe('a new version', () => {
  it('with an upcaster from the old one only waits to be committed', () => {
    expect(said(declared([1, V1], [2, V2]), [snapshot(1, V1)])).toEqual(['error v2 not-committed']);
    expect(said(declared([1, V1], [2, V2]), [snapshot(1, V1), snapshot(2, V2)])).toEqual([]);
  });

  it('without an upcaster breaks every consumer while old events are in a channel', () => {
    const found = check(declared([2, V2]), [snapshot(1, V1), snapshot(2, V2, '2026-11-15')]);
    expect(found).toEqual([
      expect.objectContaining({
        rule: 'upcaster-missing',
        version: 2,
        breaks: 'backward',
        before: 'version 1 in ticket-log until 2026-11-25',
        consumers: ['ship', 'count'],
        fix: expect.stringContaining('previousVersion(1, '),
      }),
      expect.objectContaining({
        rule: 'required-field-added',
        path: 'currency',
        version: 2,
        consumers: ['ship', 'count'],
      }),
    ]);
  });

  it('needs an upcaster even when its data would do: readers go by the version', () => {
    const wider = ticket({ id: 'string', price: 'number', note: 'string' }, ['id', 'price']);
    expect(said(declared([2, wider]), [snapshot(1, V1), snapshot(2, wider, '2026-11-15')])).toEqual([
      'error v2 upcaster-missing',
    ]);
  });

  it('needs none when the old events are gone: since the next version, longer than the longest retention', () => {
    const committed = [snapshot(1, V1), snapshot(2, V2, '2026-11-10')];
    expect(said(declared([2, V2]), committed, 'backward', new Date('2026-11-19T23:59:59Z'))).toHaveLength(2);
    expect(said(declared([2, V2]), committed, 'backward', new Date('2026-11-20T00:00:00Z'))).toEqual([]);
    expect(retentionEnd(1, committed, 10)).toEqual(new Date('2026-11-20T00:00:00Z'));
    expect(retentionEnd(2, committed, 10)).toBe(undefined);
  });

  it('counts the longer of the retention that was and the one that is', () => {
    const committed = [{ ...snapshot(1, V1), retentionDays: 30 }, snapshot(2, V2, '2026-11-10')];
    expect(said(declared([2, V2]), committed)).toContain('error v2 upcaster-missing');
    expect(retentionEnd(1, committed, 60)).toEqual(new Date('2027-01-09T00:00:00Z'));
  });

  it('that is not committed yet does not end the old one', () => {
    expect(said(declared([2, V2]), [snapshot(1, V1, '2020-01-01')])).toContain('error v2 upcaster-missing');
  });

  it('finds each older version that is missing', () => {
    const found = said(declared([3, V2]), [
      snapshot(1, V1),
      snapshot(2, V1, '2026-11-18'),
      snapshot(3, V2, '2026-11-19'),
    ]);
    expect(found.filter((one) => one.includes('upcaster-missing'))).toHaveLength(2);
  });
});

describe('old code over new data', () => {
  const dropped = ticket({ id: 'string' });
  const code = declared([1, V1], [2, dropped]);

  it('is a warning while the version is being made', () => {
    expect(said(code, [snapshot(1, V1)])).toEqual([
      'error v2 not-committed',
      'warning v2 price required-field-removed',
    ]);
  });

  it('is nothing once it is committed, unless it is asked for', () => {
    const committed = [snapshot(1, V1), snapshot(2, dropped)];
    expect(said(code, committed)).toEqual([]);
    expect(said(code, committed, 'forward')).toEqual(['error v2 price required-field-removed']);
    expect(said(code, committed, 'full')).toEqual(['error v2 price required-field-removed']);
  });
});

describe('what is no longer declared', () => {
  it('an event is an error as long as its snapshots are there', () => {
    const last = { ...snapshot(2, V2), channels: ['ticket-log', 'ticket-queue'] };
    expect(check(undefined, [last, snapshot(1, V1)])).toEqual([
      {
        event: 'tickets.ticket-sold',
        rule: 'event-removed',
        version: 2,
        path: '',
        breaks: 'backward',
        before: 'version 2 in ticket-log, ticket-queue',
        after: 'not declared',
        fix: 'Declare it until 10 days after the last one was sent; then delete its files in schemas/',
        consumers: [],
        level: 'error',
      },
    ]);
  });

  it('a newer version than the code knows was taken back', () => {
    expect(check(declared([1, V1]), [snapshot(1, V1), snapshot(2, V2)])).toEqual([
      expect.objectContaining({ rule: 'version-lowered', version: 2, before: 'version 2', after: 'version 1' }),
    ]);
  });

  it('an event nobody committed is found', () => {
    expect(check(declared([1, V1]), [])).toEqual([
      expect.objectContaining({
        rule: 'not-committed',
        consumers: [],
        before: 'no snapshot',
        after: 'version 1',
        fix: expect.stringContaining('npx sluice schema write'),
      }),
    ]);
  });
});

describe('several events', () => {
  const of = <T extends { readonly type: string }>(one: T, type: string): T => ({ ...one, type });

  it('are judged each by its own snapshots, in the order of their names', () => {
    const committed = [of(snapshot(1, V1), 'tickets.b'), of(snapshot(1, V2), 'tickets.c')];
    const code = [
      of(declared([1, V2]), 'tickets.c'),
      of(declared([1, V1]), 'tickets.b'),
      of(declared([1, V1]), 'tickets.a'),
    ];
    expect(checkEvolution(code, committed, { now: NOW }).map(({ event, rule }) => `${event} ${rule}`)).toEqual([
      'tickets.a not-committed',
    ]);
    expect(checkEvolution([], committed, { now: NOW }).map(({ event, rule }) => `${event} ${rule}`)).toEqual([
      'tickets.b event-removed',
      'tickets.c event-removed',
    ]);
    const none = code.map((one) => one.type);
    expect(checkEvolution(code, [], { now: NOW }).map(({ event }) => event)).toEqual(none.sort());
  });
});

describe('what is said', () => {
  it('snapshots may come in any order: the newest is the one that counts', () => {
    const committed = [snapshot(2, V2, '2026-11-15'), snapshot(1, V1)];
    expect(said(declared([2, V2]), committed)).toEqual([
      'error v2 upcaster-missing',
      'error v2 currency required-field-added',
    ]);
    expect(said(declared([1, V1], [2, V2], [3, V1]), committed)).toEqual([
      'error v3 not-committed',
      'warning v3 currency required-field-removed',
    ]);
  });

  it('every channel is named, or that there is none', () => {
    const committed = [snapshot(1, V1), snapshot(2, V2, '2026-11-15')];
    const whereOf = (channels: string[]) => check({ ...declared([2, V2]), channels }, committed)[0]?.before;
    expect(whereOf(['a', 'b'])).toBe('version 1 in a, b until 2026-11-25');
    expect(whereOf([])).toBe('version 1 in no channel until 2026-11-25');
    expect(check(declared([2, V2]), [snapshot(1, V1)])[0]?.before).toBe('version 1 in ticket-log until it is replaced');
  });

  it('the fix says where the way to the newest version ends', () => {
    const fix = check(declared([3, V2]), [snapshot(1, V1)])[0]?.fix;
    expect(fix).toContain('previousVersion(1, DataOfVersion1, ');
    expect(fix).toContain('one for each version up to 2');
  });

  it('a change that breaks both ways in the same words is one finding', () => {
    const other = ticket({ id: 'number', price: 'number' });
    const found = check(declared([1, other]), [snapshot(1, V1)]).slice(1);
    expect(found).toEqual([expect.objectContaining({ rule: 'type-changed', path: 'id', breaks: 'full' })]);
  });

  it('changes of several fields are several findings', () => {
    const other = ticket({ id: 'number', price: 'string' });
    const found = check(declared([1, other]), [snapshot(1, V1)]).slice(1);
    expect(found.map(({ path, breaks }) => `${path} ${breaks}`)).toEqual(['id full', 'price full']);
  });

  it('a version without an upcaster is said to break new code, not old', () => {
    const dropped = ticket({ id: 'string' });
    expect(said(declared([2, dropped]), [snapshot(1, V1), snapshot(2, dropped, '2026-11-15')])).toEqual([
      'error v2 upcaster-missing',
    ]);
  });

  it('an event without a version has nothing to be judged by', () => {
    expect(check(declared(), [snapshot(1, V1)])).toEqual([]);
  });

  it('the end of a version that has no snapshot counts from the next one', () => {
    expect(retentionEnd(1, [snapshot(2, V2, '2026-11-10')], 10)).toEqual(new Date('2026-11-20T00:00:00Z'));
  });

  it('the retention that counts is that of the version itself', () => {
    const committed = [{ ...snapshot(1, V1), retentionDays: 30 }, snapshot(2, V2), snapshot(3, V2, '2026-11-10')];
    expect(retentionEnd(2, committed, 5)).toEqual(new Date('2026-11-20T00:00:00Z'));
  });
});
