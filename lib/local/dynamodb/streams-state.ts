import { documents } from '../state/documents.ts';
import type { State } from '../state/state.ts';
import { type Stream, type StreamRecord, sequenceAt, trim } from './stream-log.ts';

/** The streams of tables in a state, with all records that are not trimmed yet. */
export interface KeptStreams {
  /** Those that are open, and those that still have something to read. */
  load(): Stream[];
  put(stream: Stream): void;
  /** @param trimmed how many records had been trimmed before this one was appended */
  append(stream: Stream, record: StreamRecord, trimmed: number): void;
}

export function keepStreams(state: State): KeptStreams {
  const streams = documents<Omit<Stream, 'records'>>(state, 'dynamodb-streams');
  const records = documents<StreamRecord>(state, 'dynamodb-stream-records');
  const place = (arn: string, position: number) => `${arn}|${sequenceAt(position)}`;

  const put = ({ records: _records, ...stream }: Stream) => streams.put(stream.arn, stream);
  const noteTrimmed = (stream: Stream, from: number) => {
    if (stream.trimmed === from) return;
    for (let position = from; position < stream.trimmed; position++) records.delete(place(stream.arn, position));
    put(stream);
  };
  return {
    load() {
      const loaded = new Map<string, Stream>();
      for (const [arn, stream] of streams.entries()) loaded.set(arn, { ...stream, records: [] });
      for (const [key, record] of records.entries()) {
        loaded.get(key.slice(0, key.lastIndexOf('|')))?.records.push(record);
      }
      for (const stream of loaded.values()) {
        const { trimmed } = stream;
        trim(stream);
        noteTrimmed(stream, trimmed);
        if (stream.isOpen || stream.records.length > 0) continue;
        loaded.delete(stream.arn);
        streams.delete(stream.arn);
      }
      return [...loaded.values()];
    },
    put,
    append(stream, record, trimmed) {
      records.put(`${stream.arn}|${record.dynamodb.SequenceNumber}`, record);
      noteTrimmed(stream, trimmed);
    },
  };
}
