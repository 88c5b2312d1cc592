import { gzipSync } from 'node:zlib';
import { aggregated } from '../../../lib/runtime/messages/aggregated-record.ts';
import type { ConsumerPlan } from './scenario.ts';

/** What strangers put into a channel: bytes that are no event of ours, and events that do not come from our publisher. */

/** A body and what makes it one of a kind: empty bodies are all alike. */
export interface RawBody {
  readonly key: string;
  readonly ref: number;
  /** An event as its publisher would have written it. */
  readonly good: string;
}

type Source = ConsumerPlan['source'];

interface Raw {
  readonly sources: readonly Source[];
  readonly make: (body: RawBody) => Buffer;
}

const ANYWHERE: readonly Source[] = ['queue', 'fifo', 'log'];
/** A queue takes nothing but text. */
const LOG_ONLY: readonly Source[] = ['log'];
const MIB = 1_048_576;

const text = (value: string): Buffer => Buffer.from(value);
const broken = (ref: number): string => `{"broken":${ref}`;

/** A part of an aggregated record must be of a key of its table: this one says where to find one that is not there. */
function damaged(record: Buffer): Buffer {
  const copy = Buffer.from(record);
  copy[copy.length - 20] = (copy[copy.length - 20] ?? 0) ^ 0xff;
  return copy;
}

export const RAW = {
  broken: { sources: ANYWHERE, make: ({ ref }) => text(broken(ref)) },
  /** JSON, and no event. */
  number: { sources: ANYWHERE, make: ({ ref }) => text(String(ref)) },
  null: { sources: ANYWHERE, make: ({ ref }) => text(`null${' '.repeat(ref)}`) },
  spaces: { sources: ANYWHERE, make: ({ ref }) => text(`\t\n${' '.repeat(ref)}`) },
  /** Not what its name says: an envelope of a dead letter that cannot be opened. */
  'wrapped-damaged': {
    sources: ANYWHERE,
    make: ({ ref }) => text(`{"wrappedMessage":{"encoding":"base64","bytes":${ref},"sha256":"00","content":"AAAA"}}`),
  },
  gzip: { sources: LOG_ONLY, make: ({ ref }) => gzipSync(broken(ref), { level: 1 }) },
  latin1: { sources: LOG_ONLY, make: ({ ref }) => Buffer.from(`{"caf\xe9":${ref}}`, 'latin1') },
  control: { sources: LOG_ONLY, make: ({ ref }) => text(`{"broken":${ref},"\u0001"}`) },
  noncharacter: { sources: LOG_ONLY, make: ({ ref }) => text(`\uffff${ref}`) },
  empty: { sources: LOG_ONLY, make: () => Buffer.alloc(0) },
  /** One event of an aggregated record that is good, among those that are not. */
  bundled: {
    sources: LOG_ONLY,
    make: ({ key, ref, good }) => aggregated(key, [Buffer.alloc(0), text(good), gzipSync(broken(ref), { level: 1 })]),
  },
  'bundle-damaged': {
    sources: LOG_ONLY,
    make: ({ key, ref, good }) => damaged(aggregated(key, [text(good), text(broken(ref))])),
  },
  /** An event whose members stand in another order, and that speaks of another id before its own. */
  foreign: { sources: ANYWHERE, make: ({ good }) => text(reordered(good)) },
  /** As large as the channel takes: no byte is left for a reason. Only in worlds with few of them. */
  'at-limit': {
    sources: ANYWHERE,
    make: ({ key, ref, good }) => {
      const room = MIB - Buffer.byteLength(key) - Buffer.byteLength(good) - ATTRIBUTES_ROOM;
      return ref % 2 === 0 ? text(withPadding(good, room)) : Buffer.alloc(room + good.length, broken(ref));
    },
  },
} as const satisfies Record<string, Raw>;

export type RawForm = keyof typeof RAW;

/** Bytes that `attributesOf` may take of a message of a queue. */
const ATTRIBUTES_ROOM = 40;

export const isRaw = (form: string): form is RawForm => Object.hasOwn(RAW, form);

/** Forms that a source can carry, but for those that are large. */
export const rawForms = (source: Source): RawForm[] =>
  (Object.keys(RAW) as RawForm[]).filter((form) => form !== 'at-limit' && RAW[form].sources.some((s) => s === source));

/** Forms in which an event of ours is, that is to be handled. */
export const HOLDS_EVENT: ReadonlySet<string> = new Set<RawForm>(['foreign', 'bundled', 'at-limit']);

/** `data` first, with a member called `id` in it. */
function reordered(good: string): string {
  const { data, id, ...rest } = JSON.parse(good) as { data: object; id: string };
  return JSON.stringify({ data: { id: 'the same for all', ...data }, ...rest, id });
}

const withPadding = (good: string, bytes: number): string =>
  good.replace('"padding":""', `"padding":"${'x'.repeat(bytes)}"`);

/** Attributes of every type that SQS knows; ten of them where there is no room for one more. */
export function attributesOf(
  ref: number,
): Record<string, { DataType: string; StringValue?: string; BinaryValue?: string }> {
  const typed = {
    amount: { DataType: 'Number', StringValue: `${ref}.50` },
    weight: { DataType: 'Number.float', StringValue: '1e3' },
    digest: { DataType: 'Binary', BinaryValue: Buffer.from([0, 255, ref % 256]).toString('base64') },
    image: { DataType: 'Binary.png', BinaryValue: 'iVBORw==' },
    tenant: { DataType: 'String.uuid', StringValue: `tenant-${ref}` },
  };
  if (ref % 3 === 0) return {};
  if (ref % 3 === 1) return typed;
  const more = Array.from({ length: 5 }, (_, i) => [`more-${i}`, { DataType: 'String', StringValue: `${ref}/${i}` }]);
  return { ...typed, ...Object.fromEntries(more) };
}
