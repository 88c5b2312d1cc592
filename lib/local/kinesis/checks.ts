import { errorResponse } from '../endpoint-errors.ts';
import { jsonBody } from '../endpoint-request.ts';
import type { ServiceHandler, ServiceRequest, ServiceResponse } from '../service.ts';

/** Records of one PutRecords. https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html */
const MAX_RECORDS = 500;

/** Refuses what AWS refuses and kinesis-local does not, and what cannot be answered here. */
export function withKinesisChecks(handle: ServiceHandler): ServiceHandler {
  return async (request) => refusalOf(request) ?? handle(request);
}

function refusalOf(request: ServiceRequest): ServiceResponse | undefined {
  if (request.operation === 'SubscribeToShard')
    return errorResponse('kinesis', {
      status: 400,
      code: 'UnknownOperationException',
      message:
        "kinesis: operation SubscribeToShard is not available in the engine, whose answers have an end; map the consumer's ARN to a function, or read with GetRecords",
    });
  const isCbor = String(request.headers['content-type'] ?? '').includes('cbor');
  if (request.operation !== 'PutRecords' || isCbor) return undefined;
  const { Records } = jsonBody(request);
  if (!Array.isArray(Records) || Records.length <= MAX_RECORDS) return undefined;
  return errorResponse('kinesis', {
    status: 400,
    code: 'ValidationException',
    message: `1 validation error detected: Value '[${Records.length} records]' at 'records' failed to satisfy constraint: Member must have length less than or equal to ${MAX_RECORDS}`,
  });
}
