import type { JsonObject } from '../json.ts';
import { booleanAt, isObject, listAt, objectAt, textAt } from '../json.ts';
import type { ServiceHandler, ServiceRequest } from '../service.ts';
import type { KeptStream } from './data-file.ts';

/** The name of the stream a call is about: by name, or in the ARN of the stream or of one of its consumers. */
export function streamNameIn(body: Readonly<Record<string, unknown>>): string {
  const arn = body.StreamARN ?? body.ConsumerARN ?? body.ResourceARN;
  return String(body.StreamName ?? String(arn).split('/')[1]);
}

/**
 * Asks kinesis-local for everything it knows of a stream, on behalf of whoever changed it.
 * @param before what was known before the change: since when shards are closed
 * @throws Error when kinesis-local refuses to tell
 */
export async function describeStream(
  StreamName: string,
  request: ServiceRequest,
  handle: ServiceHandler,
  before: KeptStream | undefined,
): Promise<KeptStream> {
  const ask = async (operation: string, body: JsonObject): Promise<JsonObject> => {
    const headers = {
      ...request.headers,
      'x-amz-target': `Kinesis_20131202.${operation}`,
      'content-type': 'application/x-amz-json-1.1',
    };
    const response = await handle({ ...request, operation, headers, body: Buffer.from(JSON.stringify(body)) });
    const answer: unknown = JSON.parse(String(response.body));
    if (response.status !== 200 || !isObject(answer))
      throw new Error(`kinesis-local does not tell what has become of the stream ${StreamName}: ${response.body}`);
    return answer;
  };

  const summary = objectAt(await ask('DescribeStreamSummary', { StreamName }), 'StreamDescriptionSummary');
  const shards: JsonObject[] = [];
  for (let more = true; more; ) {
    const last = textAt(shards.at(-1), 'ShardId');
    const page: JsonObject = last === undefined ? { StreamName } : { StreamName, ExclusiveStartShardId: last };
    const description = objectAt(await ask('DescribeStream', page), 'StreamDescription');
    shards.push(...listAt(description, 'Shards').filter(isObject));
    more = booleanAt(description, 'HasMoreShards') ?? false;
  }
  const consumers: JsonObject[] = [];
  for (let page: JsonObject | undefined = { StreamARN: textAt(summary, 'StreamARN') ?? '' }; page !== undefined; ) {
    const answer: JsonObject = await ask('ListStreamConsumers', page);
    consumers.push(...listAt(answer, 'Consumers').filter(isObject));
    const NextToken = textAt(answer, 'NextToken');
    page = NextToken === undefined ? undefined : { ...page, NextToken };
  }
  const tags = listAt(await ask('ListTagsForStream', { StreamName }), 'Tags');
  const closed: Record<string, number> = { ...before?.closed };
  for (const shard of shards) {
    if (textAt(objectAt(shard, 'SequenceNumberRange'), 'EndingSequenceNumber') === undefined) continue;
    closed[textAt(shard, 'ShardId') ?? ''] ??= Date.now();
  }
  return { description: summary, shards, consumers, tags, closed };
}
