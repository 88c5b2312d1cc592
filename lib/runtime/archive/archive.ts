import middy from '@middy/core';
import type { Context, KinesisStreamBatchResponse, KinesisStreamEvent } from 'aws-lambda';
import { ENV } from '../../contracts/agreed/environment.ts';
import { CONSUMER_METRIC } from '../../contracts/agreed/metrics.ts';
import type { Log as LogChannel } from '../../contracts/channels/channel.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import { NO_WATERMARK } from '../aggregation/lateness.ts';
import { shardState } from '../aggregation/shard-state.ts';
import { isAwsError } from '../aws/calls/call.ts';
import type { S3Object } from '../aws/protocols/s3-protocol.ts';
import { measureShard } from '../consuming/measure.ts';
import { answering, NO_EARLY_TIMEOUT, reserveMillis } from '../invocation/deadline.ts';
import { requiredEnv } from '../invocation/environment.ts';
import { toError } from '../invocation/outcomes.ts';
import { lambda, type Runtime } from '../invocation/runtime.ts';
import { count, emitMetrics, errorFields, logger } from '../invocation/telemetry.ts';
import { wasBusy } from '../invocation/transient.ts';
import { positionOf } from '../messages/message.ts';
import { readBatch } from '../messages/sources.ts';
import { STORE_BUSY } from '../settling/hand-back.ts';
import { type ArchivedRecord, archiveBody, archivedRecord, archiveKey, sameHour } from './archive-object.ts';

/** Metadata of an object: where it ends. */
const LAST = 'last-sequence-number';

/**
 * Writes a log's records to S3, every record into exactly one object, as a Lambda handler for `LogArchive`.
 *
 * An object is named by its first record and never written again (`If-None-Match`), and says in its metadata where it ends. The shard's position moves
 * after it. A batch that comes again, with the same borders or others, begins at the same record, finds the object, and goes on where that ends: so the
 * objects of a shard follow one another without a gap and without overlapping, whoever crashes when, and a call that hung and is done late does no harm.
 * @throws MissingEnvironment while the function initialises, when it was deployed without its bucket or table
 */
export function archive(subscription: Subscription<LogChannel>, runtime: Runtime = lambda) {
  const { env, write } = runtime;
  const { name, to } = subscription;
  const bucket = requiredEnv(ENV.archive, 'which bucket keeps the archive (LogArchive)', env);
  const table = requiredEnv(ENV.inboxTable, 'which table keeps the positions', env);
  const dimensions = { subscription: name };
  const stateFailed = () =>
    emitMetrics({ dimensions, metrics: { [CONSUMER_METRIC.stateFailures]: count(1) } }, runtime);

  return middy(
    (event: KinesisStreamEvent, context: Context): Promise<KinesisStreamBatchResponse> =>
      answering(runtime, context, (limited) => archiveBatch(event, context, limited)),
    NO_EARLY_TIMEOUT,
  );

  async function archiveBatch(
    event: KinesisStreamEvent,
    context: Context,
    limited: Runtime,
  ): Promise<KinesisStreamBatchResponse> {
    const state = shardState(subscription, table, limited, stateFailed);
    const log = logger({ subscription: name, requestId: context.awsRequestId }, write);
    const batch = readBatch(event);
    const { shard = '' } = batch;
    const records = event.Records.map(archivedRecord);
    let position = '';
    const ahead = () => records.filter((record) => record.position > position);
    let fresh = records.length;
    let objects = 0;
    try {
      ({ position } = await state.positionOf(shard, event.Records[0]?.eventSourceARN ?? ''));
      fresh = ahead().length;
      for (let rest = ahead(); rest.length > 0; rest = ahead()) {
        // The first object is always tried, so that every delivery comes on.
        if (objects > 0 && context.getRemainingTimeInMillis() <= reserveMillis(subscription)) break;
        const end = await put(limited, shard, rest as [ArchivedRecord, ...ArchivedRecord[]]);
        // Refused when another invocation is further. Objects follow one another all the same: the next one begins where this one ends.
        await state.commit([], shard, { position: end, watermark: NO_WATERMARK }, () => []);
        position = end;
        objects += 1;
      }
    } catch (thrown) {
      // What has no object yet, or one that the position has not moved over, comes again.
      if (!wasBusy(thrown)) throw thrown;
      log('warn', STORE_BUSY, { shard, ...errorFields(toError(thrown)) });
    }
    const left = ahead();
    const done = fresh - left.length;
    log('info', 'archived', { shard, records: done, objects });
    const received = records.length;
    const consumed = received - left.length;
    measureShard(subscription, batch, { received, done, duplicates: received - fresh, rejected: 0, consumed }, runtime);
    return { batchItemFailures: left.slice(0, 1).map(({ sequenceNumber }) => ({ itemIdentifier: sequenceNumber })) };
  }

  /** Writes the object that begins with the first record, unless it is there. @returns the position at which it ends */
  async function put(
    limited: Runtime,
    shard: string,
    rest: readonly [ArchivedRecord, ...ArchivedRecord[]],
  ): Promise<string> {
    const records = sameHour(rest);
    const last = records.at(-1) ?? rest[0];
    const { aws } = limited;
    const at = { Bucket: bucket, Key: archiveKey(to, shard, rest[0]) };
    try {
      await aws('s3', 'PutObject', {
        ...at,
        Body: await archiveBody(shard, records, limited),
        ContentType: 'application/x-ndjson',
        ContentEncoding: 'gzip',
        IfNoneMatch: '*',
        Metadata: { [LAST]: last.sequenceNumber },
      });
      return last.position;
    } catch (error) {
      if (!isAwsError(error, 'PreconditionFailed')) throw error;
      const { Metadata } = (await aws('s3', 'HeadObject', at)) as S3Object;
      const end = Metadata[LAST];
      if (end === undefined) {
        throw new Error(
          `the object '${at.Bucket}/${at.Key}' does not say where it ends (metadata '${LAST}'): archive() has not written it. Move it away`,
          { cause: error },
        );
      }
      return positionOf({ id: end });
    }
  }
}
