import { errorResponse } from '../../endpoint-errors.ts';
import type { ServiceResponse } from '../../service.ts';

/** Code of an error in the JSON protocol, where it is not the one of the query protocol. */
const JSON_CODES: Readonly<Record<string, string>> = {
  InvalidParameterValue: 'InvalidParameterValueException',
  MissingParameter: 'MissingRequiredParameterException',
};
/** Code of an error in the query protocol (x-amzn-query-error), where it is not the one of the JSON protocol. */
const QUERY_CODES: Readonly<Record<string, string>> = {
  QueueDoesNotExist: 'AWS.SimpleQueueService.NonExistentQueue',
  QueueNameExists: 'QueueAlreadyExists',
  ...Object.fromEntries(
    [
      'BatchEntryIdsNotDistinct',
      'BatchRequestTooLong',
      'EmptyBatchRequest',
      'InvalidBatchEntryId',
      'MessageNotInflight',
      'PurgeQueueInProgress',
      'QueueDeletedRecently',
      'TooManyEntriesInBatchRequest',
      'UnsupportedOperation',
    ].map((code) => [code, `AWS.SimpleQueueService.${code}`]),
  ),
};

/** An error of SQS in the words of both protocols, as AWS answers it. */
export function sqsError(code: string, message: string, status = 400): ServiceResponse {
  const response = errorResponse('sqs', { status, code: JSON_CODES[code] ?? code, message });
  return {
    ...response,
    headers: { ...response.headers, 'x-amzn-query-error': `${QUERY_CODES[code] ?? code};Sender` },
  };
}

/** An error of fauxqs, which marks every code alike, with AWS's codes. Everything else stays as it is. */
export function withAwsCodes(response: ServiceResponse): ServiceResponse {
  if (response.status < 400 || response.status >= 500) return response;
  const { __type, message } = JSON.parse(String(response.body)) as { __type: string; message: string };
  const code = __type.replace(/^.*#/, '');
  return Object.values(JSON_CODES).includes(code) ? response : sqsError(code, message, response.status);
}
