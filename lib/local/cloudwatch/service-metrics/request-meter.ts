import { jsonBody } from '../../endpoint-request.ts';
import type { JsonObject } from '../../json.ts';
import type { ServiceRequest, ServiceResponse } from '../../service.ts';

/**
 * Sees a call after it was answered, faults on request included: what services say about calls is counted here.
 * Must not throw, and must not keep the request.
 * @param durationMs real milliseconds from the request to the answer
 */
export type RequestMeter = (request: ServiceRequest, response: ServiceResponse, durationMs: number) => void;

/** The JSON a request holds, or undefined when it holds none: its service has answered that with an error. */
export function inputOf(request: ServiceRequest): JsonObject | undefined {
  try {
    return jsonBody(request) as JsonObject;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
