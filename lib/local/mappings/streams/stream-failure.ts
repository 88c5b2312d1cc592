import { randomUUID } from 'node:crypto';
import { serviceOfArn } from '../../../formats/arn.ts';
import type { JsonObject } from '../../json.ts';
import type { MappingConfig } from '../configuration/mapping.ts';
import type { Discard } from './stream-batch.ts';
import type { StreamRecord, StreamSource } from './stream-source.ts';

/**
 * What an on-failure destination is told about records that were given up: metadata; a bucket gets the records too.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
 */
export function failureRecord(
  discard: Discard<StreamRecord>,
  { config, shardId, source, now }: { config: MappingConfig; shardId: string; source: StreamSource; now: number },
): { body: string; key: string } {
  const first = discard.records[0];
  const last = discard.records.at(-1);
  const arrival = (record: StreamRecord | undefined): string => isoTime(record?.arrivedAt ?? now, source.secondsOnly);
  const record: JsonObject = {
    requestContext: {
      requestId: discard.requestId || randomUUID(),
      functionArn: config.functionArn,
      condition: discard.condition,
      approximateInvokeCount: discard.approximateInvokeCount,
    },
    ...(discard.response
      ? {
          responseContext: {
            statusCode: 200,
            executedVersion: '$LATEST',
            functionError: discard.response.functionError,
          },
        }
      : {}),
    version: '1.0',
    timestamp: new Date(now).toISOString(),
    [source.infoName]: {
      shardId,
      startSequenceNumber: first?.sequenceNumber ?? '',
      endSequenceNumber: last?.sequenceNumber ?? '',
      approximateArrivalOfFirstRecord: arrival(first),
      approximateArrivalOfLastRecord: arrival(last),
      batchSize: discard.records.length,
      streamArn: config.eventSourceArn,
    },
  };
  if (serviceOfArn(config.onFailureArn ?? '') === 's3') {
    record.payload = JSON.stringify({ Records: discard.records.map(({ event }) => event) });
  }
  const time = new Date(now).toISOString();
  const [day = '', clock = ''] = time.split('T');
  const stamp = `${day}T${clock.slice(0, 8).replaceAll(':', '.')}`;
  const key = `aws/lambda/${config.uuid}/${shardId}/${day.replaceAll('-', '/')}/${stamp}-${randomUUID()}`;
  return { body: JSON.stringify(record), key };
}

function isoTime(ms: number, secondsOnly: boolean): string {
  const text = new Date(ms).toISOString();
  return secondsOnly ? text.replace(/\.\d{3}Z$/, 'Z') : text;
}
