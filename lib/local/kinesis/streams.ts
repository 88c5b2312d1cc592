import { textAt } from '../json.ts';
import { documents } from '../state/documents.ts';
import type { State } from '../state/state.ts';
import { inUse, invalidArgument, notFound } from './errors.ts';
import { MOST_SHARDS, type RecordLog } from './record-log.ts';
import { type Consumer, type Shard, type Stream, shardIdOf, shardsThere, statusOf } from './stream.ts';

/** All streams of the account. */
export interface Streams {
  all(): readonly Stream[];
  find(name: string): Stream | undefined;
  /** Adds a stream, or puts what it has become in the place of what it was. */
  save(stream: Stream): void;
  /** Forgets a stream; its records go with the next sweeps. */
  remove(stream: Stream): void;
  /** A number for a shard's records in the log. */
  newKey(): number;
  /** Numbers of shards whose streams are gone, and whose records are not. */
  readonly doomed: Set<number>;
}

/** Streams as documents, by name. */
export const STREAMS_STORE = 'kinesis-log-streams';

export function createStreams(log: RecordLog, state: State | undefined): Streams {
  const kept = state && documents<Stream>(state, STREAMS_STORE);
  const streams = new Map<string, Stream>(kept?.entries());
  const keysInUse = new Set([...streams.values()].flatMap(({ shards }) => shards.map(({ key }) => key)));
  const doomed = new Set(log.shards().filter((key) => !keysInUse.has(key)));
  let lastKey = -1;
  return {
    all: () => [...streams.values()],
    find: (name) => streams.get(name),
    save(stream) {
      streams.set(stream.name, stream);
      kept?.put(stream.name, stream);
      for (const { key } of stream.shards) keysInUse.add(key);
    },
    remove(stream) {
      streams.delete(stream.name);
      kept?.delete(stream.name);
      for (const { key } of stream.shards) {
        keysInUse.delete(key);
        doomed.add(key);
      }
    },
    newKey() {
      do lastKey += 1;
      while (keysInUse.has(lastKey) || doomed.has(lastKey));
      if (lastKey >= MOST_SHARDS) throw new Error(`the engine tells ${MOST_SHARDS} shards apart; start it anew`);
      return lastKey;
    },
    doomed,
  };
}

/** The name of the stream a request is about: by name, or in the ARN of the stream or of one of its consumers. */
export function streamNameIn(input: Readonly<Record<string, unknown>>): string | undefined {
  const { StreamName, StreamARN, ConsumerARN, ResourceARN } = input;
  if (typeof StreamName === 'string') return StreamName;
  const arn = StreamARN ?? ConsumerARN ?? ResourceARN;
  return typeof arn === 'string' ? arn.split('/')[1] : undefined;
}

/** The stream a request is about. @throws KinesisError when there is none */
export function streamIn(
  input: Readonly<Record<string, unknown>>,
  { streams, account }: { readonly streams: Streams; readonly account: string },
): Stream {
  const name = streamNameIn(input);
  if (name === undefined) throw invalidArgument('Either StreamName or StreamARN must be given');
  const stream = streams.find(name);
  const arn = input.StreamARN;
  if (stream === undefined || (typeof arn === 'string' && arn.split('/consumer/')[0] !== stream.arn))
    throw notFound(`Stream ${name} under account ${account} not found.`);
  return stream;
}

/** The same for calls that change it, one at a time. @throws KinesisError when it is busy with another */
export function activeStreamIn(
  input: Readonly<Record<string, unknown>>,
  context: { readonly streams: Streams; readonly account: string; now(): number },
): Stream {
  const stream = streamIn(input, context);
  const status = statusOf(stream, context.now());
  if (status === 'ACTIVE') return stream;
  throw inUse(`Stream ${stream.name} under account ${context.account} not ACTIVE, instead in state ${status}`);
}

/** A shard by its id. @throws KinesisError when the stream has none of this id (any more) */
export function shardIn(
  stream: Stream,
  shardId: string,
  { account, now }: { readonly account: string; now(): number },
): Shard {
  const shard = shardsThere(stream, now()).find(({ index }) => shardIdOf(index) === shardId);
  if (shard !== undefined) return shard;
  throw notFound(`Shard ${shardId} in stream ${stream.name} under account ${account} does not exist`);
}

/** A consumer by its ARN, or by the stream's and its name. @throws KinesisError when there is none */
export function consumerIn(
  input: Readonly<Record<string, unknown>>,
  context: { readonly streams: Streams; readonly account: string },
): { readonly stream: Stream; readonly consumer: Consumer } {
  const arn = textAt(input, 'ConsumerARN');
  const name = textAt(input, 'ConsumerName');
  if (arn === undefined && (name === undefined || input.StreamARN === undefined))
    throw invalidArgument('Either ConsumerARN, or both StreamARN and ConsumerName must be given.');
  const stream = streamIn(input, context);
  const consumer = stream.consumers.find((known) => (arn === undefined ? known.name === name : known.arn === arn));
  if (consumer === undefined)
    throw notFound(`Consumer ${arn ?? name} of stream ${stream.name} under account ${context.account} not found.`);
  return { stream, consumer };
}
