import type { JsonObject } from '../json.ts';
import type { ServiceResponse } from '../service.ts';
import { LambdaApiError } from './errors.ts';
import { ACCOUNT_CONCURRENCY, type Functions } from './functions.ts';

/** What reservations must leave to the functions that have none. https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html */
const MIN_UNRESERVED = 100;

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
  const others = reservedByAll(functions) - (functions.reserved(name) ?? 0);
  if (ACCOUNT_CONCURRENCY - others - wanted < MIN_UNRESERVED) {
    throw invalid(
      `Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${MIN_UNRESERVED}].`,
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
  return {
    AccountLimit: {
      ConcurrentExecutions: ACCOUNT_CONCURRENCY,
      UnreservedConcurrentExecutions: ACCOUNT_CONCURRENCY - reservedByAll(functions),
    },
    AccountUsage: { FunctionCount: all.length, TotalCodeSize: all.reduce((sum, { codeSize }) => sum + codeSize, 0) },
  };
}

const reservedByAll = (functions: Functions): number =>
  functions.list().reduce((sum, { name }) => sum + (functions.reserved(name) ?? 0), 0);

const invalid = (message: string): LambdaApiError =>
  new LambdaApiError(400, 'InvalidParameterValueException', message, { Type: 'User' });
