import { jsonBody } from '../endpoint-request.ts';
import { isObject, type Json, type JsonObject, listAt, numberAt, textAt } from '../json.ts';
import { jsonOf, kinesisAnswer, kinesisInput, type ResultObject } from '../kinesis/wire.ts';
import type { ServiceHandler, ServiceRequest, ServiceResponse } from '../service.ts';
import { throttlingError } from './throttling.ts';

/** Batches that are taken in part when capacity is short: where the entries are, and how the answer names those that were not taken. */
interface Batch {
  readonly entries: 'Records' | 'Entries';
  merge(answer: JsonObject, entries: readonly Json[], isRefused: (index: number) => boolean): JsonObject;
}

const BATCHES: Readonly<Record<string, Batch>> = {
  // https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
  'kinesis PutRecords': {
    entries: 'Records',
    merge(answer, entries, isRefused) {
      const { code: ErrorCode, message: ErrorMessage } = throttlingError('kinesis');
      const taken = listAt(answer, 'Records');
      let next = 0;
      const Records = entries.map((_, i): Json => (isRefused(i) ? { ErrorCode, ErrorMessage } : (taken[next++] ?? {})));
      const refused = entries.filter((_, i) => isRefused(i)).length;
      return { ...answer, FailedRecordCount: (numberAt(answer, 'FailedRecordCount') ?? 0) + refused, Records };
    },
  },
  // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
  'sqs SendMessageBatch': {
    entries: 'Entries',
    merge(answer, entries, isRefused) {
      const { code: Code, message: Message } = throttlingError('sqs');
      const refused = entries
        .filter((_, i) => isRefused(i))
        .map((entry): Json => ({ Id: textAt(entry, 'Id') ?? '', Code, Message, SenderFault: false }));
      return { ...answer, Failed: [...listAt(answer, 'Failed'), ...refused] };
    },
  },
};

/**
 * Carries a batch out in part, with the rest refused for want of capacity.
 * @param size which entries: 0 to below 1
 * @returns undefined when this is no such batch, or has one entry only
 */
export async function partly(
  request: ServiceRequest,
  handler: ServiceHandler,
  size: number,
): Promise<ServiceResponse | undefined> {
  const batch = BATCHES[`${request.service} ${request.operation}`];
  if (batch === undefined) return undefined;
  const isCbor = String(request.headers['content-type']).includes('cbor');
  const body = (isCbor ? JSON.parse(jsonOf(kinesisInput(request) as ResultObject)) : jsonBody(request)) as JsonObject;
  const entries = listAt(body, batch.entries);
  if (entries.length < 2) return undefined;
  // Every second or third entry and so on, but never all: somebody has to overtake somebody.
  const step = 2 + Math.floor(size * Math.min(entries.length - 1, LARGEST_STEP));
  const isRefused = (index: number): boolean => index % step === 0;
  const rest = { ...body, [batch.entries]: entries.filter((_, i) => !isRefused(i)) };
  const headers = isCbor ? { ...request.headers, 'content-type': 'application/x-amz-json-1.1' } : request.headers;
  const response = await handler({ ...request, headers, body: Buffer.from(JSON.stringify(rest)) });
  if (response.status !== 200) return response;
  const answer: unknown = JSON.parse(response.body.toString());
  const merged = batch.merge(isObject(answer) ? answer : {}, entries, isRefused);
  return isCbor ? kinesisAnswer(request.headers, merged) : { ...response, body: JSON.stringify(merged) };
}

const LARGEST_STEP = 4;
