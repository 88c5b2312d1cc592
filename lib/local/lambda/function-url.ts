import { randomUUID } from 'node:crypto';
import { credentialScope, type WireRequest } from '../endpoint-request.ts';
import { type Principal, rolePrincipal } from '../iam.ts';
import type { JsonObject } from '../json.ts';
import { booleanAt, isObject, numberAt, objectAt, textAt } from '../json.ts';
import type { ServiceResponse } from '../service.ts';
import type { Services } from '../services.ts';
import { parsePayload } from './definition.ts';
import { isThrottled } from './errors.ts';
import type { Functions } from './functions.ts';

export interface FunctionUrlOptions {
  readonly services: Services;
  readonly functions: Functions;
  readonly accountId: string;
  readonly id: string;
  readonly functionName: string;
  /** `AWS_IAM`: requests are signed by somebody who may; `NONE`: the function's policy decides about anybody. */
  readonly authType: string;
}

export const functionUrlPath = (id: string): string => `/_sluice/url/${id}`;

/**
 * Answers a function's URL below `/_sluice/url/ID/` with payload format 2.0.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
 */
export function functionUrl(options: FunctionUrlOptions): void {
  const { services, functions, accountId, id, functionName } = options;
  const prefix = functionUrlPath(id);
  services.route(prefix, async (method, url, body, wire) => {
    if (isForbidden(wire, options)) return text(403, '{"Message":"Forbidden"}');
    const rawPath = url.pathname.slice(prefix.length) || '/';
    const query = Object.fromEntries(url.searchParams);
    const event: JsonObject = {
      version: '2.0',
      routeKey: '$default',
      rawPath,
      rawQueryString: url.search.slice(1),
      headers: headersOf(wire),
      ...(Object.keys(query).length > 0 ? { queryStringParameters: query } : {}),
      requestContext: {
        accountId,
        apiId: id,
        domainName: new URL(services.url).host,
        http: { method, path: rawPath, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'local' },
        requestId: randomUUID(),
        routeKey: '$default',
        stage: '$default',
        timeEpoch: Date.now(),
      },
      ...(body.length > 0 ? { body: body.toString('utf8') } : {}),
      isBase64Encoded: false,
    };
    try {
      const result = await functions.invoke(functionName, JSON.stringify(event));
      return result.error ? text(502, '{"message":"Internal Server Error"}') : answer(result.payload);
    } catch (error) {
      if (isThrottled(error)) return text(429, '{"message":"Rate Exceeded."}');
      throw error;
    }
  });
}

/** A caller needs both, for the function: since October 2025. https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html */
const NEEDED = ['lambda:InvokeFunctionUrl', 'lambda:InvokeFunction'] as const;

function isForbidden(wire: WireRequest, { services, functions, functionName, authType }: FunctionUrlOptions): boolean {
  const { iam, identities } = services;
  const arn = functions.find(functionName)?.arn ?? '';
  const values = { 'lambda:functionurlauthtype': authType, 'lambda:invokedviafunctionurl': 'true' };
  const mayNot = (principal: Principal): boolean =>
    NEEDED.some((action) => iam.refuse(principal, action, arn, values) !== undefined);
  if (authType !== 'AWS_IAM') {
    const anybody = { kind: 'service', service: 'anybody', sourceArn: 'anonymous' } as const;
    return mayNot(anybody);
  }
  const scope = credentialScope(wire);
  if (scope === undefined) return true;
  const { roleArn, session, functionName: caller = 'session' } = identities.find(scope.accessKeyId) ?? {};
  // Whoever signs with a key from elsewhere is an administrator, as everywhere.
  if (roleArn === undefined) return identities.isOurs(scope.accessKeyId);
  return mayNot(rolePrincipal(roleArn, session ?? caller));
}

/** Several values of one header are joined. */
const headersOf = ({ headers }: WireRequest): JsonObject =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );

/** A result with a statusCode is a response; anything else is the body of one. */
function answer(payload: string): ServiceResponse {
  const result = parsePayload(payload);
  const status = numberAt(result, 'statusCode');
  if (!isObject(result) || status === undefined) return text(200, typeof result === 'string' ? result : payload);
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  for (const [name, value] of Object.entries(objectAt(result, 'headers'))) headers[name.toLowerCase()] = String(value);
  const body = textAt(result, 'body') ?? '';
  return { status, headers, body: booleanAt(result, 'isBase64Encoded') ? Buffer.from(body, 'base64') : body };
}

function text(status: number, body: string): ServiceResponse {
  return { status, headers: { 'content-type': 'application/json' }, body };
}
