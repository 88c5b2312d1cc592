import type { RequestMeter } from './cloudwatch/service-metrics/request-meter.ts';
import type { Outcome } from './endpoint.ts';
import { errorResponse, jsonResponse } from './endpoint-errors.ts';
import { credentialScope, operationOf, serviceOf, type WireRequest } from './endpoint-request.ts';
import { partly } from './faults/partial-batch.ts';
import { throttlingError } from './faults/throttling.ts';
import type { FaultTrigger, Strike } from './faults.ts';
import { foreignRefusal } from './foreign.ts';
import type { Iam } from './iam.ts';
import type { Identities } from './identities.ts';
import { restOperation } from './rest-operations.ts';
import type { Caller, ServiceHandler, ServiceRequest, ServiceResponse } from './service.ts';

/** Answers requests below a path, whoever signed them or nobody. */
export type RouteHandler = (method: string, url: URL, body: Buffer, wire: WireRequest) => Promise<ServiceResponse>;

/** What it takes to answer a request. */
export interface Context {
  readonly region: string;
  readonly identities: Identities;
  readonly faults: FaultTrigger;
  readonly iam: Iam;
  readonly handlers: ReadonlyMap<string, ServiceHandler>;
  /** What counts the calls of a service, by signing name. */
  readonly meters: ReadonlyMap<string, RequestMeter>;
  readonly routes: readonly (readonly [string, RouteHandler])[];
  readonly isClosing: () => boolean;
}

const ANONYMOUS: Caller = { accessKeyId: 'anonymous' };

/**
 * Answers one request: an engine path, or the service it is signed for, once the caller's policies allow it and unless a
 * fault says otherwise.
 */
export async function answer(wire: WireRequest, context: Context): Promise<Outcome> {
  const refused = foreignRefusal(wire.headers);
  if (refused !== undefined) return jsonResponse({ __type: 'AccessDeniedException', message: refused }, 403);
  if (wire.url.startsWith('/_')) {
    const route = context.routes.find(([prefix]) => wire.url.startsWith(prefix));
    if (route !== undefined) return route[1](wire.method, new URL(wire.url, 'http://engine'), wire.body, wire);
    if (wire.url.startsWith('/_sluice') || wire.url.startsWith('/_aws')) {
      const known = context.routes.map(([prefix]) => prefix).join(', ');
      return jsonResponse({ message: `${wire.url} is not a path of the engine; there are: ${known}` }, 404);
    }
  }
  const scope = credentialScope(wire);
  const service = serviceOf(wire, scope);
  const handler = context.handlers.get(service);
  if (handler === undefined) {
    const message = `service ${service} is not available in the engine; available: ${[...context.handlers.keys()].sort().join(', ')}`;
    return errorResponse(service, { status: 501, code: 'UnknownOperationException', message }, wire.headers);
  }
  const accessKeyId = scope?.accessKeyId;
  const caller = accessKeyId === undefined ? ANONYMOUS : (context.identities.find(accessKeyId) ?? { accessKeyId });
  if (caller.roleArn === undefined && context.identities.isOurs(caller.accessKeyId)) {
    const message = 'The security token included in the request is invalid.';
    return errorResponse(service, { status: 403, code: 'UnrecognizedClientException', message }, wire.headers);
  }
  const request: ServiceRequest = {
    service,
    operation: operationOf(wire),
    region: scope?.region || context.region,
    method: wire.method,
    url: wire.url,
    headers: wire.headers,
    body: wire.body,
    caller,
    gone: wire.gone,
  };
  try {
    const refusal = context.iam.check(request);
    if (refusal !== undefined) return errorResponse(service, refusal, wire.headers);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return errorResponse(
      service,
      { status: 400, code: 'SerializationException', message: error.message },
      wire.headers,
    );
  }
  const started = performance.now();
  const outcome = await withFaults(request, handler, context);
  if (typeof outcome === 'object') context.meters.get(service)?.(request, outcome, performance.now() - started);
  return outcome;
}

async function withFaults(request: ServiceRequest, handler: ServiceHandler, context: Context): Promise<Outcome> {
  const { faults } = context;
  const { service, caller } = request;
  const operation = request.operation ?? restOperation(request) ?? request.method;
  const before = faults.at({ service, operation, caller, when: 'before' });
  if (before?.action === 'latency' || before?.action === 'stop-stream') {
    await faults.pause(before.ms);
    if (context.isClosing()) return 'drop';
  } else if (before !== undefined) {
    const part = before.action === 'throttle' && before.size < PARTIAL_SHARE;
    return (part && (await partly(request, handler, before.size))) || suffer(before, request, faults);
  }
  let response: ServiceResponse;
  try {
    response = await handler(request);
  } catch (error) {
    // The services are going away under the last calls, and nobody listens to the answers.
    if (context.isClosing()) return 'drop';
    console.error(`engine: ${service} ${operation} failed`, error);
    const message = `${service} ${operation}: ${error instanceof Error ? error.message : String(error)}`;
    response = errorResponse(service, { status: 500, code: 'InternalFailure', message }, request.headers);
  }
  const after = faults.at({ service, operation, caller, when: 'after' });
  return after === undefined ? response : suffer(after, request, faults);
}

/** Batches that can be taken in part are, in this share of the throttles that strike by chance. */
const PARTIAL_SHARE = 0.5;

function suffer({ action, error }: Strike, request: ServiceRequest, faults: FaultTrigger): Outcome {
  const { service, caller, headers } = request;
  switch (action) {
    case 'throttle':
      return errorResponse(service, throttlingError(service), headers);
    case 'kill':
      // Nobody to kill (the caller is no function): losing the connection is the nearest thing.
      return faults.kill(caller) ? 'withhold' : 'drop';
    case 'error':
      return errorResponse(
        service,
        error ?? { status: 500, code: 'InternalFailure', message: 'fault on request' },
        headers,
      );
    default:
      return 'drop';
  }
}
