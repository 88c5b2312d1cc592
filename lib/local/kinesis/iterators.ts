import { invalidArgument, KinesisError } from './errors.ts';

/** Where a reader goes on. */
export interface Iterator {
  readonly stream: string;
  /** When the stream was made, epoch milliseconds: another one of its name is another stream. */
  readonly streamCreatedAt: number;
  /** Index of the shard. */
  readonly shard: number;
  /** Of the next record. */
  readonly number: number;
}

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html */
const LIFETIME_MS = 300_000;
const FORM = /^([a-zA-Z0-9_.-]{1,128})\/(\d+)\/(\d+)\/(\d+)\/(\d+)$/;

/** An iterator as it is handed out: good for five minutes, also over a restart. */
export const iteratorToken = ({ stream, streamCreatedAt, shard, number }: Iterator, now: number): string =>
  Buffer.from([stream, streamCreatedAt, shard, number, now].join('/')).toString('base64');

/** Undefined when it is none. */
function parse(token: string): (Iterator & { readonly madeAt: number }) | undefined {
  const text = Buffer.from(token, 'base64').toString('utf8');
  const [, stream, streamCreatedAt, shard, number, madeAt] = FORM.exec(text) ?? [];
  if (stream === undefined || Buffer.from(text).toString('base64') !== token) return undefined;
  return {
    stream,
    streamCreatedAt: Number(streamCreatedAt),
    shard: Number(shard),
    number: Number(number),
    madeAt: Number(madeAt),
  };
}

/** @throws KinesisError when it is none, or too old */
export function iteratorIn(token: string, now: number): Iterator {
  const iterator = parse(token);
  if (iterator === undefined) throw invalidArgument('Invalid ShardIterator.');
  if (now - iterator.madeAt <= LIFETIME_MS) return iterator;
  const [made, is] = [new Date(iterator.madeAt).toUTCString(), new Date(now).toUTCString()];
  throw new KinesisError(
    'ExpiredIteratorException',
    `Iterator expired. The iterator was created at time ${made} while right now it is ${is} which is further in the future than the tolerated delay of ${LIFETIME_MS} milliseconds.`,
  );
}

/** The name of the stream that an iterator is of; undefined when it is none. */
export const streamOfIterator = (token: unknown): string | undefined =>
  typeof token === 'string' ? parse(token)?.stream : undefined;
