import { jsonBody } from '../endpoint-request.ts';
import type { ServiceHandler } from '../service.ts';

/**
 * Lets readers go on behind a record that has been trimmed: they get what is left, as on AWS. kinesis-local does not know such
 * a record any more and refuses.
 * https://docs.aws.amazon.com/streams/latest/dev/kinesis-extended-retention.html
 */
export function readBehindTrimmed(handle: ServiceHandler): ServiceHandler {
  return async (request) => {
    const response = await handle(request);
    const isUnknown =
      request.operation === 'GetShardIterator' &&
      response.status === 400 &&
      String(response.body).includes('Unable to find record with provided SequenceNumber');
    if (!isUnknown) return response;
    const { StartingSequenceNumber: _trimmed, ...rest } = jsonBody(request);
    const body = Buffer.from(JSON.stringify({ ...rest, ShardIteratorType: 'TRIM_HORIZON' }));
    return handle({ ...request, body });
  };
}
