import { randomBytes } from 'node:crypto';
import type { State } from '../state/state.ts';
import type { ChangeListener } from './commit.ts';
import type { Table } from './dynalite.ts';
import { DynamodbError, validationError } from './errors.ts';
import type { Parameters } from './parameters.ts';
import { append, positionOf, type Stream, sequenceAt } from './stream-log.ts';
import { keepStreams } from './streams-state.ts';

/** GetRecords returns at most 1,000 records. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html */
const MAX_GET_RECORDS = 1_000;
const VIEW_TYPES = ['KEYS_ONLY', 'NEW_IMAGE', 'OLD_IMAGE', 'NEW_AND_OLD_IMAGES'];

/** What the tables part tells, and asks, about streams. */
export interface Streams {
  readonly listener: ChangeListener;
  readonly operations: Readonly<Record<string, (body: Parameters) => Parameters>>;
  /** @throws DynamodbError when the specification is wrong or a stream is on already. */
  enable(table: Table, specification: Parameters): void;
  /** The stream takes no more records; what it has can still be read. */
  disable(tableName: string): void;
  /** Fields of DescribeTable. */
  describe(tableName: string): Parameters;
  onAppend(arn: string, listener: () => void): () => void;
}

export function createStreams(region: string, state?: State): Streams {
  const kept = state && keepStreams(state);
  const byArn = new Map<string, Stream>();
  const byTable = new Map<string, Stream>();
  const add = (stream: Stream) => {
    byArn.set(stream.arn, stream);
    byTable.set(stream.tableName, stream);
  };
  for (const stream of kept?.load() ?? []) add(stream);
  const listeners = new Map<string, Set<() => void>>();

  const find = (arn: unknown): Stream => {
    const stream = byArn.get(String(arn));
    if (stream === undefined) {
      throw new DynamodbError('ResourceNotFoundException', `Requested resource not found: Stream: ${arn} not found`);
    }
    return stream;
  };

  return {
    listener(change, userIdentity) {
      const stream = byTable.get(change.table.TableName);
      if (stream === undefined || !stream.isOpen) return;
      const trimmed = stream.trimmed;
      const record = append(stream, change, userIdentity, region);
      if (record === undefined) return;
      kept?.append(stream, record, trimmed);
      for (const listener of listeners.get(stream.arn) ?? []) queueMicrotask(listener);
    },
    enable(table, { StreamViewType }) {
      const current = byTable.get(table.TableName);
      if (current?.isOpen) throw validationError(`Table already has an enabled stream: ${current.arn}`);
      if (!VIEW_TYPES.includes(String(StreamViewType))) {
        throw validationError(
          `One or more parameter values were invalid: StreamViewType is ${StreamViewType}; must be one of ${VIEW_TYPES.join(', ')}`,
        );
      }
      const label = labelAfter(current?.label);
      const stream: Stream = {
        arn: `${table.TableArn}/stream/${label}`,
        label,
        tableName: table.TableName,
        keySchema: table.KeySchema,
        viewType: String(StreamViewType),
        shardId: `shardId-${String(Date.now()).padStart(20, '0')}-${randomBytes(4).toString('hex')}`,
        created: Date.now() / 1_000,
        records: [],
        trimmed: 0,
        isOpen: true,
      };
      add(stream);
      kept?.put(stream);
    },
    disable(tableName) {
      const stream = byTable.get(tableName);
      if (stream === undefined) return;
      stream.isOpen = false;
      kept?.put(stream);
    },
    describe(tableName) {
      const stream = byTable.get(tableName);
      if (stream === undefined) return {};
      return {
        LatestStreamArn: stream.arn,
        LatestStreamLabel: stream.label,
        ...(stream.isOpen && { StreamSpecification: { StreamEnabled: true, StreamViewType: stream.viewType } }),
      };
    },
    onAppend(arn, listener) {
      const set = listeners.get(arn) ?? new Set();
      listeners.set(arn, set);
      set.add(listener);
      return () => void set.delete(listener);
    },
    operations: {
      ListStreams: ({ TableName }) => ({
        Streams: [...byArn.values()]
          .filter(({ tableName }) => TableName === undefined || tableName === TableName)
          .map(({ arn, label, tableName }) => ({ StreamArn: arn, StreamLabel: label, TableName: tableName })),
      }),
      DescribeStream: ({ StreamArn }) => ({ StreamDescription: description(find(StreamArn)) }),
      GetShardIterator(body) {
        const stream = find(body.StreamArn);
        if (body.ShardId !== stream.shardId) {
          throw new DynamodbError(
            'ResourceNotFoundException',
            `Requested resource not found: Shard does not exist: ${body.ShardId}`,
          );
        }
        return { ShardIterator: iteratorAt(stream, startingPosition(stream, body)) };
      },
      GetRecords: ({ ShardIterator, Limit }) => read(find, ShardIterator, Limit),
    },
  };
}

/** Labels are times; a table's second stream in the same millisecond must still have a label, and an ARN, of its own. */
function labelAfter(previous: string | undefined): string {
  const stamp = (time: number) => new Date(time).toISOString().replace('Z', '');
  let time = Date.now();
  while (previous !== undefined && stamp(time) <= previous) time++;
  return stamp(time);
}

function description(stream: Stream): Parameters {
  const end = stream.trimmed + stream.records.length;
  return {
    StreamArn: stream.arn,
    StreamLabel: stream.label,
    StreamStatus: stream.isOpen ? 'ENABLED' : 'DISABLED',
    StreamViewType: stream.viewType,
    CreationRequestDateTime: stream.created,
    TableName: stream.tableName,
    KeySchema: stream.keySchema,
    Shards: [
      {
        ShardId: stream.shardId,
        SequenceNumberRange: {
          StartingSequenceNumber: sequenceAt(stream.trimmed),
          ...(!stream.isOpen && { EndingSequenceNumber: sequenceAt(Math.max(end - 1, stream.trimmed)) }),
        },
      },
    ],
  };
}

function startingPosition(stream: Stream, { ShardIteratorType, SequenceNumber }: Parameters): number {
  switch (ShardIteratorType) {
    case 'TRIM_HORIZON':
      return stream.trimmed;
    case 'LATEST':
      return stream.trimmed + stream.records.length;
    case 'AT_SEQUENCE_NUMBER':
      return kept(stream, positionOf(SequenceNumber));
    case 'AFTER_SEQUENCE_NUMBER':
      return kept(stream, positionOf(SequenceNumber) + 1);
    default:
      throw validationError(
        `ShardIteratorType is ${ShardIteratorType}; must be one of TRIM_HORIZON, LATEST, AT_SEQUENCE_NUMBER, AFTER_SEQUENCE_NUMBER`,
      );
  }
}

function kept(stream: Stream, position: number): number {
  if (position >= stream.trimmed) return position;
  throw new DynamodbError(
    'TrimmedDataAccessException',
    'The operation attempted to read past the oldest stream record in a shard.',
  );
}

/** `ARN|shard|position`: the ARN comes first, as in AWS's iterators; policies are checked by it. */
const iteratorAt = ({ arn, shardId }: Stream, position: number) => `${arn}|${shardId}|${position}`;

function read(find: (arn: unknown) => Stream, iterator: unknown, limit: unknown): Parameters {
  const [arn, shardId, position] = String(iterator).split('|');
  const start = Number(position);
  if (position === undefined || !Number.isInteger(start)) throw validationError('Invalid ShardIterator');
  const stream = find(arn);
  if (shardId !== stream.shardId) throw validationError('Invalid ShardIterator');
  const count = limit === undefined ? MAX_GET_RECORDS : Number(limit);
  if (!Number.isInteger(count) || count < 1 || count > MAX_GET_RECORDS) {
    throw validationError(`Limit is ${limit}; must be from 1 to ${MAX_GET_RECORDS}`);
  }
  const from = kept(stream, start) - stream.trimmed;
  const Records = stream.records.slice(from, from + count);
  const next = start + Records.length;
  const isAtEnd = next >= stream.trimmed + stream.records.length;
  return { Records, ...((stream.isOpen || !isAtEnd) && { NextShardIterator: iteratorAt(stream, next) }) };
}
