import type { Json, JsonObject } from '../json.ts';
import { isObject } from '../json.ts';
import type { MappingEntry, Mappings } from '../mappings/mappings.ts';
import type { ServiceHandler, ServiceRequest, ServiceResponse } from '../service.ts';
import type { AsyncInvocations } from './async-invocations.ts';
import { accountSettings, deleteConcurrency, getConcurrency, putConcurrency } from './concurrency-api.ts';
import type { FunctionDefinition } from './definition.ts';
import { functionNotFound, LambdaApiError } from './errors.ts';
import { functionArn, functionNameOf } from './function-names.ts';
import type { Functions } from './functions.ts';
import { mappingView } from './mapping-view.ts';

/** Largest payload of a synchronous invocation, bytes. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const REQUEST_LIMIT_BYTES = 6 * 1024 * 1024;
/** Largest payload of an event, bytes. */
const EVENT_LIMIT_BYTES = 1024 * 1024;

export interface LambdaApiContext {
  readonly functions: Functions;
  readonly asyncInvocations: AsyncInvocations;
  readonly mappings: Mappings;
  readonly region: string;
  readonly accountId: string;
}

interface Call {
  readonly name: string;
  readonly query: URLSearchParams;
  readonly request: ServiceRequest;
}
type Operation = (call: Call, context: LambdaApiContext) => Promise<ServiceResponse> | ServiceResponse;

const FUNCTIONS = '/2015-03-31/functions';
const MAPPINGS = '/2015-03-31/event-source-mappings';
/** Operations that came later have paths of their own. */
const RESERVING = '/2017-10-31/functions/*/concurrency';

/** Method and path of every operation; `*` is the name or UUID. */
const routes: readonly (readonly [string, string, Operation])[] = [
  ['POST', `${FUNCTIONS}/*/invocations`, invoke],
  ['GET', `${FUNCTIONS}/*/configuration`, (call, context) => json(200, configuration(lookUp(call.name, context)))],
  ['GET', `${FUNCTIONS}/*`, getFunction],
  ['GET', FUNCTIONS, (_call, { functions }) => json(200, { Functions: functions.list().map(configuration) })],
  ['PUT', RESERVING, ({ name, request }, { functions }) => json(200, putConcurrency(functions, name, bodyOf(request)))],
  [
    'GET',
    '/2019-09-30/functions/*/concurrency',
    ({ name }, { functions }) => json(200, getConcurrency(functions, name)),
  ],
  ['DELETE', RESERVING, ({ name }, { functions }) => deleteConcurrency(functions, name)],
  ['GET', '/2016-08-19/account-settings', (_call, { functions }) => json(200, accountSettings(functions))],
  ['GET', MAPPINGS, listMappings],
  ['POST', MAPPINGS, async ({ request }, { mappings }) => mappingAnswer(202, await mappings.create(bodyOf(request)))],
  ['GET', `${MAPPINGS}/*`, ({ name }, { mappings }) => mappingAnswer(200, mappings.get(name))],
  [
    'PUT',
    `${MAPPINGS}/*`,
    async ({ name, request }, { mappings }) => mappingAnswer(202, await mappings.update(name, bodyOf(request))),
  ],
  ['DELETE', `${MAPPINGS}/*`, async ({ name }, { mappings }) => mappingAnswer(202, await mappings.remove(name))],
];

/** Answers the Lambda API (REST, JSON). */
export function lambdaApi(context: LambdaApiContext): ServiceHandler {
  return async (request) => {
    const { pathname, searchParams } = new URL(request.url, 'http://engine');
    const path = pathname.replace(/\/+$/, '');
    for (const [method, pattern, operation] of routes) {
      const name = request.method === method ? nameIn(path, pattern) : undefined;
      if (name === undefined) continue;
      try {
        return await operation({ name, query: searchParams, request }, context);
      } catch (error) {
        if (error instanceof LambdaApiError) return errorAnswer(error);
        throw error;
      }
    }
    const message = `The engine's Lambda has no ${request.method} ${path}; it has Invoke, GetFunction, GetFunctionConfiguration, ListFunctions, Put-, Get- and DeleteFunctionConcurrency, GetAccountSettings and the event source mappings.`;
    return errorAnswer(new LambdaApiError(404, 'UnknownOperationException', message));
  };
}

function nameIn(path: string, pattern: string): string | undefined {
  const [before = '', after] = pattern.split('*');
  if (after === undefined) return path === pattern ? '' : undefined;
  if (!path.startsWith(before) || !path.endsWith(after)) return undefined;
  const name = path.slice(before.length, path.length - after.length);
  return name === '' || name.includes('/') ? undefined : decodeURIComponent(name);
}

async function invoke({ name, query, request }: Call, context: LambdaApiContext): Promise<ServiceResponse> {
  const definition = lookUp(name, context, query.get('Qualifier'));
  const type = header(request, 'x-amz-invocation-type') ?? 'RequestResponse';
  const event = request.body.length === 0 ? '{}' : request.body.toString('utf8');
  const limit = type === 'Event' ? EVENT_LIMIT_BYTES : REQUEST_LIMIT_BYTES;
  if (request.body.length > limit) {
    throw new LambdaApiError(
      413,
      'RequestTooLargeException',
      `${request.body.length} byte payload is too large for the ${type} invocation type (limit ${limit} bytes)`,
    );
  }
  refuseInvalidJson(event);
  if (type === 'DryRun') return { status: 204, headers: {}, body: '' };
  if (type === 'Event') {
    const requestId = context.asyncInvocations.send(definition.name, event);
    return { status: 202, headers: { 'x-amzn-requestid': requestId }, body: '' };
  }
  const result = await context.functions.invoke(definition.name, event);
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'x-amzn-requestid': result.requestId,
    'x-amz-executed-version': '$LATEST',
  };
  if (result.error) headers['x-amz-function-error'] = 'Unhandled';
  if (header(request, 'x-amz-log-type') === 'Tail')
    headers['x-amz-log-result'] = Buffer.from(result.logTail).toString('base64');
  return { status: 200, headers, body: result.payload };
}

function refuseInvalidJson(event: string): void {
  try {
    JSON.parse(event);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new LambdaApiError(
      400,
      'InvalidRequestContentException',
      `Could not parse request body into json: ${reason}`,
      { Type: 'User' },
    );
  }
}

function getFunction({ name, query }: Call, context: LambdaApiContext): ServiceResponse {
  const definition = lookUp(name, context, query.get('Qualifier'));
  const concurrency = context.functions.reserved(name);
  return json(200, {
    Configuration: configuration(definition),
    Code: { RepositoryType: 'S3', Location: `file://${definition.taskRoot}` },
    Tags: {},
    ...(concurrency === undefined ? {} : { Concurrency: { ReservedConcurrentExecutions: concurrency } }),
  });
}

function listMappings({ query }: Call, { mappings, functions }: LambdaApiContext): ServiceResponse {
  const source = query.get('EventSourceArn');
  const name = query.get('FunctionName');
  const arn = name === null ? undefined : (functions.find(name)?.arn ?? name);
  const found = mappings
    .list()
    .filter(
      ({ config }) =>
        (source === null || config.eventSourceArn === source) && (arn === undefined || config.functionArn === arn),
    );
  return json(200, { EventSourceMappings: found.map(mappingView) });
}

function lookUp(
  name: string,
  { functions, region, accountId }: LambdaApiContext,
  qualifier: string | null = null,
): FunctionDefinition {
  const definition = functions.find(name);
  if (!definition)
    throw functionNotFound(
      functionArn({ region, accountId }, functionNameOf(name)) + (qualifier ? `:${qualifier}` : ''),
    );
  return definition;
}

function configuration(definition: FunctionDefinition): JsonObject {
  return {
    FunctionName: definition.name,
    FunctionArn: definition.arn,
    Runtime: definition.runtime,
    Role: definition.roleArn,
    Handler: definition.handler,
    CodeSize: definition.codeSize,
    CodeSha256: definition.codeSha256,
    Description: definition.description,
    Timeout: definition.timeoutMs / 1000,
    MemorySize: definition.memoryMb,
    LastModified: definition.lastModified,
    Version: '$LATEST',
    Environment: { Variables: { ...definition.environment } },
    State: 'Active',
    LastUpdateStatus: 'Successful',
    PackageType: 'Zip',
    Architectures: ['x86_64'],
    LoggingConfig: { LogFormat: 'Text', LogGroup: definition.logGroup },
  };
}

function header(request: ServiceRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function bodyOf(request: ServiceRequest): JsonObject {
  const text = request.body.toString('utf8');
  refuseInvalidJson(text === '' ? '{}' : text);
  const value: Json = text === '' ? {} : (JSON.parse(text) as Json);
  return isObject(value) ? value : {};
}

function mappingAnswer(status: number, entry: MappingEntry): ServiceResponse {
  return json(status, mappingView(entry));
}

function json(status: number, body: Json): ServiceResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

function errorAnswer({ status, code, message, details }: LambdaApiError): ServiceResponse {
  const body = JSON.stringify({ ...details, Message: message, message });
  return { status, headers: { 'content-type': 'application/json', 'x-amzn-errortype': code }, body };
}
