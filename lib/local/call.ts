import { Agent, request } from 'node:http';
import { childOf, errorIn, parseXml, type XmlElement } from '../formats/xml.ts';
import type { Json, JsonObject } from './json.ts';
import { isObject } from './json.ts';

/** An error answer of a service: its AWS code, message and HTTP status. */
export class AwsCallError extends Error {
  override readonly name = 'AwsCallError';
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status: number, operation: string) {
    super(`${operation}: ${code}: ${message}`);
    this.code = code;
    this.status = status;
  }
}

/** Calls the engine's own endpoint the way any SDK would, without the weight of one: pollers make thousands of these. */
export interface AwsCalls {
  /** AWS JSON protocol: SQS, Kinesis, DynamoDB and its streams. */
  json(service: JsonService, operation: string, body: JsonObject, signal?: AbortSignal): Promise<JsonObject>;
  /** AWS Query protocol (SNS, IAM); answers what is in the result, an empty element when the operation has none. */
  query(
    service: string,
    operation: string,
    version: string,
    parameters: Readonly<Record<string, string>>,
  ): Promise<XmlElement>;
  /** REST (S3, SES); answers the body as text. */
  rest(
    service: string,
    method: string,
    path: string,
    body?: string | Buffer,
    headers?: Readonly<Record<string, string>>,
  ): Promise<string>;
  /** The same calls, signed with another access key: they may do what its role may. Closed with these. */
  as(accessKeyId: string): AwsCalls;
  /** Closes the sockets kept alive. */
  close(): void;
}

export type JsonService = 'sqs' | 'kinesis' | 'dynamodb' | 'streams';

const jsonServices: Readonly<Record<JsonService, { signing: string; target: string; type: string }>> = {
  sqs: { signing: 'sqs', target: 'AmazonSQS', type: 'application/x-amz-json-1.0' },
  kinesis: { signing: 'kinesis', target: 'Kinesis_20131202', type: 'application/x-amz-json-1.1' },
  dynamodb: { signing: 'dynamodb', target: 'DynamoDB_20120810', type: 'application/x-amz-json-1.0' },
  streams: { signing: 'dynamodb', target: 'DynamoDBStreams_20120810', type: 'application/x-amz-json-1.0' },
};

/** The access key id of the engine itself: a caller without a role, who may do everything. */
export const ENGINE_ACCESS_KEY = 'SLUICEENGINE';

export function createAwsCalls(endpoint: string, region: string): AwsCalls {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, scheduling: 'lifo' });
  return callsAs(ENGINE_ACCESS_KEY, endpoint, region, agent);
}

function callsAs(accessKeyId: string, endpoint: string, region: string, agent: Agent): AwsCalls {
  const { hostname, port } = new URL(endpoint);

  async function send(
    what: {
      service: string;
      operation: string;
      method: string;
      path: string;
      headers: Readonly<Record<string, string>>;
    },
    body: string | Buffer,
    signal?: AbortSignal,
  ): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string; type: unknown }>();
    const outgoing = request(
      {
        agent,
        hostname,
        port,
        method: what.method,
        path: what.path,
        signal,
        headers: {
          ...what.headers,
          'content-length': Buffer.byteLength(body),
          'x-amz-date': `${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')}`,
          authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20260101/${region}/${what.service}/aws4_request, SignedHeaders=host, Signature=engine`,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            text: Buffer.concat(chunks).toString('utf8'),
            type: response.headers['x-amzn-errortype'],
          }),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
    const { status, text, type } = await promise;
    if (status >= 300) throw errorFrom(status, text, type, `${what.service} ${what.operation}`);
    return text;
  }

  return {
    async json(service, operation, body, signal) {
      const { signing, target, type } = jsonServices[service];
      const headers = { 'content-type': type, 'x-amz-target': `${target}.${operation}` };
      const text = await send(
        { service: signing, operation, method: 'POST', path: '/', headers },
        JSON.stringify(body),
        signal,
      );
      const answer: Json = text === '' ? {} : (JSON.parse(text) as Json);
      return isObject(answer) ? answer : {};
    },
    async query(service, operation, version, parameters) {
      const body = new URLSearchParams({ Action: operation, Version: version, ...parameters }).toString();
      const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
      const answer = parseXml(await send({ service, operation, method: 'POST', path: '/', headers }, body));
      const name = `${operation}Result`;
      return childOf(answer, name) ?? { name, children: [], text: '' };
    },
    rest(service, method, path, body = '', headers = {}) {
      return send({ service, operation: `${method} ${path}`, method, path, headers }, body);
    },
    as: (accessKey) => callsAs(accessKey, endpoint, region, agent),
    close: () => agent.destroy(),
  };
}

/** @param type code of the error, where the protocol has it in a header */
function errorFrom(status: number, text: string, type: unknown, operation: string): AwsCallError {
  if (text.trimStart().startsWith('{')) {
    const body = JSON.parse(text) as Record<string, unknown>;
    const code = String(body.__type ?? body.code ?? type ?? 'Unknown').replace(/^.*#/, '');
    return new AwsCallError(code, String(body.message ?? body.Message ?? text), status, operation);
  }
  const { code = `HTTP ${status}`, message = text.slice(0, 500) } = errorIn(text) ?? {};
  return new AwsCallError(code, message, status, operation);
}
