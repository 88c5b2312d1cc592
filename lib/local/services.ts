import { startDynamodb } from './dynamodb/gateway.ts';
import { type Endpoint, type Outcome, startEndpoint } from './endpoint.ts';
import { errorResponse, jsonResponse } from './endpoint-errors.ts';
import { credentialScope, operationOf, serviceOf, type WireRequest } from './endpoint-request.ts';
import { createFaults, type Fault, type Faults, type FaultTrigger } from './faults.ts';
import { faultsRoute } from './faults-route.ts';
import { createIam, type Iam } from './iam.ts';
import { createIdentities, type Identities } from './identities.ts';
import { startKinesis } from './kinesis.ts';
import { startMessaging } from './messaging.ts';
import { restOperation } from './rest-operations.ts';
import type { Caller, ServiceHandler, ServiceRequest, ServiceResponse } from './service.ts';
import { createSes } from './ses.ts';

export interface ServicesOptions {
  /** Port on 127.0.0.1. Default 0: any free port. */
  readonly port?: number;
  /** Default us-east-1. */
  readonly region?: string;
  /** How often expired DynamoDB items are looked for, in ms. Default 1,000 (AWS: within a few days). */
  readonly ttlSweepMs?: number;
}

/** Answers requests below a path, whoever signed them or nobody. */
export type RouteHandler = (method: string, url: URL, body: Buffer) => Promise<ServiceResponse>;

/** The data services of the engine behind one endpoint. */
export interface Services {
  /** `http://127.0.0.1:PORT`: what AWS_ENDPOINT_URL has to be. */
  readonly url: string;
  readonly port: number;
  readonly region: string;
  readonly account: string;
  /**
   * Adds a service, or replaces one, by its signing name (`lambda`, `cloudformation`, `events`, `scheduler`).
   * Callers' policies and faults apply to it as to the built-in ones.
   */
  register(service: string, handler: ServiceHandler): void;
  /** Answers every path that starts with the prefix (`/_sluice/functions`), before any service is looked at; the longest prefix wins. */
  route(prefix: string, handler: RouteHandler): void;
  readonly identities: Identities;
  readonly faults: Faults;
  readonly iam: Iam;
  readonly streamActivity: {
    /** Calls the listener after records were appended to the DynamoDB stream with this ARN; returns how to stop. */
    onAppend(arn: string, listener: () => void): () => void;
  };
  /** Stops everything that was started: sockets, timers and the Kinesis process. */
  close(): Promise<void>;
}

/** The account fauxqs and kinesis-local are in. */
export const ACCOUNT = '000000000000';
export const DEFAULT_REGION = 'us-east-1';

/**
 * Starts SQS, SNS, S3, STS (fauxqs), Kinesis (kinesis-local), DynamoDB with streams (dynalite and the gateway) and SES.
 * @throws Error that names the port when it is in use.
 */
export async function startServices(options: ServicesOptions = {}): Promise<Services> {
  const region = options.region ?? DEFAULT_REGION;
  const identities = createIdentities();
  const faults = createFaults();
  const iam = createIam(ACCOUNT);
  const handlers = new Map<string, ServiceHandler>();
  const routes: [string, RouteHandler][] = [];
  let closing: Promise<void> | undefined;
  const isClosing = () => closing !== undefined;

  const endpoint: Endpoint = await startEndpoint({
    port: options.port ?? 0,
    answer: (wire) => answer(wire, { region, identities, faults, iam, handlers, routes, isClosing }),
  });
  // In this order: no more calls, then what would have answered them.
  const closers: (() => Promise<void>)[] = [() => endpoint.close()];
  const closeAll = async () => {
    for (const closer of closers) await closer();
  };
  const close = () => {
    closing ??= closeAll();
    return closing;
  };
  const url = `http://127.0.0.1:${endpoint.port}`;
  try {
    // Not awaited: requests wait for it, the others need not.
    const kinesis = startKinesis({ region });
    closers.push(() => kinesis.close());
    const dynamodb = await startDynamodb({ region, account: ACCOUNT, ttlSweepMs: options.ttlSweepMs });
    closers.push(() => dynamodb.close());
    const messaging = await startMessaging({ region, account: ACCOUNT });
    closers.push(() => messaging.close());
    const ses = createSes({ region });
    handlers.set('kinesis', kinesis.handle);
    handlers.set('dynamodb', dynamodb.handle);
    for (const [name, handler] of Object.entries(messaging.handlers)) handlers.set(name, handler);
    handlers.set('ses', ses.handle);
    routes.push(['/_aws/ses', ses.mailbox], ['/_sluice/faults', faultsRoute(faults)]);
    return {
      url,
      port: endpoint.port,
      region,
      account: ACCOUNT,
      register: (service, handler) => void handlers.set(service, handler),
      route(prefix, handler) {
        routes.push([prefix, handler]);
        routes.sort(([a], [b]) => b.length - a.length);
      },
      identities,
      faults,
      iam,
      streamActivity: dynamodb.streamActivity,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Context {
  readonly region: string;
  readonly identities: Identities;
  readonly faults: FaultTrigger;
  readonly iam: Iam;
  readonly handlers: ReadonlyMap<string, ServiceHandler>;
  readonly routes: readonly (readonly [string, RouteHandler])[];
  readonly isClosing: () => boolean;
}

const ANONYMOUS: Caller = { accessKeyId: 'anonymous' };

async function answer(wire: WireRequest, context: Context): Promise<Outcome> {
  if (wire.url.startsWith('/_')) {
    const route = context.routes.find(([prefix]) => wire.url.startsWith(prefix));
    if (route !== undefined) return route[1](wire.method, new URL(wire.url, 'http://engine'), wire.body);
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
    return errorResponse(service, { status: 501, code: 'UnknownOperationException', message });
  }
  const accessKeyId = scope?.accessKeyId;
  const caller = accessKeyId === undefined ? ANONYMOUS : (context.identities.find(accessKeyId) ?? { accessKeyId });
  if (caller.roleArn === undefined && context.identities.isOurs(caller.accessKeyId)) {
    const message = 'The security token included in the request is invalid.';
    return errorResponse(service, { status: 403, code: 'UnrecognizedClientException', message });
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
  };
  try {
    const refusal = context.iam.check(request);
    if (refusal !== undefined) return errorResponse(service, refusal);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return errorResponse(service, { status: 400, code: 'SerializationException', message: error.message });
  }
  return withFaults(request, handler, context);
}

async function withFaults(request: ServiceRequest, handler: ServiceHandler, context: Context): Promise<Outcome> {
  const { faults } = context;
  const { service, caller } = request;
  const operation = request.operation ?? restOperation(request) ?? request.method;
  const before = faults.match({ service, operation, caller }, 'before');
  if (before !== undefined) return suffer(before, request, faults);
  let response: ServiceResponse;
  try {
    response = await handler(request);
  } catch (error) {
    // The services are going away under the last calls, and nobody listens to the answers.
    if (context.isClosing()) return 'drop';
    console.error(`engine: ${service} ${operation} failed`, error);
    const message = `${service} ${operation}: ${error instanceof Error ? error.message : String(error)}`;
    response = errorResponse(service, { status: 500, code: 'InternalFailure', message });
  }
  const after = faults.match({ service, operation, caller }, 'after');
  return after === undefined ? response : suffer(after, request, faults);
}

function suffer(fault: Fault, { service, caller }: ServiceRequest, faults: FaultTrigger): Outcome {
  switch (fault.action) {
    case 'lose-response':
      return 'drop';
    case 'kill':
      // Nobody to kill (the caller is no function): losing the connection is the nearest thing.
      return faults.kill(caller) ? 'withhold' : 'drop';
    case 'error':
      return errorResponse(
        service,
        fault.error ?? { status: 500, code: 'InternalFailure', message: 'fault on request' },
      );
  }
}
