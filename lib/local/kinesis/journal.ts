import { errorResponse } from '../endpoint-errors.ts';
import { jsonBody } from '../endpoint-request.ts';
import type { Json, JsonObject } from '../json.ts';
import { listAt, numberAt, objectAt, textAt } from '../json.ts';
import type { ServiceHandler, ServiceRequest, ServiceResponse } from '../service.ts';
import { documents } from '../state/documents.ts';
import type { State } from '../state/state.ts';
import { type KeptRecord, type KeptStream, writeDataFile } from './data-file.ts';
import { describeStream, streamNameIn } from './describe.ts';
import { startingAnew } from './sequence-number.ts';

/** Keeps what kinesis-local holds in memory: streams as they were described last, and every record. */
export interface KinesisJournal {
  /** Writes the file from which kinesis-local fills itself. Records beyond their stream's retention are forgotten. */
  writeDataFile(path: string): void;
  /** Calls go through this on their way to kinesis-local. */
  around(handle: ServiceHandler): ServiceHandler;
}

const READS = /^(Describe|Get|List|Subscribe)/;
const HOUR_MS = 60 * 60 * 1_000;
const DEFAULT_RETENTION_HOURS = 24;

export function createKinesisJournal(state: State): KinesisJournal {
  const streams = documents<KeptStream>(state, 'kinesis-streams');
  const records = documents<KeptRecord>(state, 'kinesis-records');
  const putting = new Set<Promise<unknown>>();

  function noteRecords(request: ServiceRequest, response: ServiceResponse): void {
    const body = jsonBody(request);
    const isBatch = request.operation === 'PutRecords';
    const answer = parsed(response);
    const sent = isBatch ? listAt(body, 'Records') : [body as JsonObject];
    const results = isBatch ? listAt(answer, 'Records') : [answer];
    for (const [index, result] of results.entries()) {
      const sequenceNumber = textAt(result, 'SequenceNumber');
      if (sequenceNumber === undefined || sequenceNumber === '') continue;
      records.put(`${streamNameIn(body)}/${textAt(result, 'ShardId')}/${sequenceNumber}`, {
        partitionKey: textAt(sent[index], 'PartitionKey') ?? '',
        data: textAt(sent[index], 'Data') ?? '',
        arrivedAt: Date.now(),
        encryption: textAt(result, 'EncryptionType') ?? textAt(answer, 'EncryptionType') ?? 'NONE',
      });
    }
  }

  async function put(request: ServiceRequest, handle: ServiceHandler): Promise<ServiceResponse> {
    const work = handle(request).then((response) => {
      if (response.status === 200) noteRecords(request, response);
      return response;
    });
    putting.add(work);
    try {
      return await work;
    } finally {
      putting.delete(work);
    }
  }

  /** What a reader sees must be kept already: after a restart another record could have its sequence number. */
  async function read(request: ServiceRequest, handle: ServiceHandler): Promise<ServiceResponse> {
    const response = await handle(request);
    await Promise.allSettled(putting);
    return response;
  }

  async function change(request: ServiceRequest, handle: ServiceHandler): Promise<ServiceResponse> {
    const response = await handle(request);
    if (response.status !== 200) return response;
    const name = streamNameIn(jsonBody(request));
    if (request.operation === 'DeleteStream') {
      streams.delete(name);
      records.deleteBelow(`${name}/`);
    } else {
      streams.put(name, await describeStream(name, request, handle, streams.get(name)));
    }
    return response;
  }

  return {
    writeDataFile(path) {
      const kept = new Map(streams.entries());
      const [byShard, dropped] = [new Map<string, Json[]>(), new Set<string>()];
      const now = Date.now();
      for (const [key, record] of records.entries()) {
        const [name = '', shardId, sequenceNumber = ''] = key.split('/');
        const shard = `${name}/${shardId}`;
        if (record.arrivedAt < now - retentionMs(kept.get(name))) {
          dropped.add(shard);
          records.delete(key);
        } else {
          const list = byShard.get(shard) ?? [];
          byShard.set(shard, list);
          list.push(recordOf(record, sequenceNumber));
        }
      }
      for (const shard of dropped) {
        if (byShard.has(shard)) continue;
        const [name = '', shardId = ''] = shard.split('/');
        const stream = renumbered(kept.get(name), shardId, now);
        if (stream === undefined) continue;
        kept.set(name, stream);
        streams.put(name, stream);
      }
      writeDataFile(path, kept, byShard);
    },
    around: (handle) => async (request) => {
      const operation = request.operation ?? '';
      if (operation === 'GetRecords') return read(request, handle);
      if (READS.test(operation)) return handle(request);
      if (String(request.headers['content-type']).includes('cbor')) {
        const message = `kinesis: with a data directory the engine takes ${operation} as JSON only, not as CBOR`;
        return errorResponse('kinesis', { status: 400, code: 'SerializationException', message });
      }
      return operation === 'PutRecord' || operation === 'PutRecords' ? put(request, handle) : change(request, handle);
    },
  };
}

const retentionMs = (stream: KeptStream | undefined): number =>
  (numberAt(stream?.description, 'RetentionPeriodHours') ?? DEFAULT_RETENTION_HOURS) * HOUR_MS;

/**
 * kinesis-local numbers on from the last record of a shard. Where none is left it would begin again, below what readers have seen:
 * such a shard starts anew, above all its numbers so far.
 */
function renumbered(stream: KeptStream | undefined, shardId: string, now: number): KeptStream | undefined {
  if (stream === undefined) return undefined;
  const shards = stream.shards.map((shard) => {
    if (textAt(shard, 'ShardId') !== shardId) return shard;
    const range = objectAt(shard, 'SequenceNumberRange');
    const StartingSequenceNumber = startingAnew(textAt(range, 'StartingSequenceNumber') ?? '0', now);
    return { ...shard, SequenceNumberRange: { ...range, StartingSequenceNumber } };
  });
  return { ...stream, shards };
}

const parsed = ({ body }: ServiceResponse): JsonObject => JSON.parse(String(body)) as JsonObject;

const recordOf = ({ partitionKey, data, arrivedAt, encryption }: KeptRecord, sequenceNumber: string): Json => ({
  ApproximateArrivalTimestamp: arrivedAt / 1_000,
  Data: data,
  EncryptionType: encryption,
  PartitionKey: partitionKey,
  SequenceNumber: sequenceNumber,
});
