import type { JsonObject } from '../json.ts';
import type { ServiceResponse } from '../service.ts';
import { LambdaApiError } from './errors.ts';
import type { Functions } from './functions.ts';

/**
 * Reserves concurrency for a function, 0 or more; with 0 nothing calls it. A deployment that changes the function sets its template's again.
 * @throws LambdaApiError InvalidParameterValueException when too little is left to the others
 */
export function putConcurrency(functions: Functions, name: string, body: JsonObject): JsonObject {
  const wanted = body.ReservedConcurrentExecutions;
  if (typeof wanted !== 'number' || !Number.isInteger(wanted) || wanted < 0) {
    throw invalid(
      `1 validation error detected: Value '${String(wanted)}' at 'reservedConcurrentExecutions' failed to satisfy constraint: Member must have value greater than or equal to 0`,
    );
  }
  functions.reserve(name, wanted);
  return { ReservedConcurrentExecutions: wanted };
}

export function getConcurrency(functions: Functions, name: string): JsonObject {
  const reserved = functions.reserved(name);
  return reserved === undefined ? {} : { ReservedConcurrentExecutions: reserved };
}

export function deleteConcurrency(functions: Functions, name: string): ServiceResponse {
  functions.reserve(name, undefined);
  return { status: 204, headers: {}, body: '' };
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html */
export function accountSettings(functions: Functions): JsonObject {
  const all = functions.list();
  const { concurrency, reserved } = functions.account;
  return {
    AccountLimit: {
      ConcurrentExecutions: concurrency,
      UnreservedConcurrentExecutions: concurrency - reserved,
    },
    AccountUsage: { FunctionCount: all.length, TotalCodeSize: all.reduce((sum, { codeSize }) => sum + codeSize, 0) },
  };
}

const invalid = (message: string): LambdaApiError =>
  new LambdaApiError(400, 'InvalidParameterValueException', message, { Type: 'User' });
