import { connect } from 'node:net';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { S3Client } from '@aws-sdk/client-s3';
import { SESv2Client } from '@aws-sdk/client-sesv2';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { type Services, type ServicesOptions, startServices } from '../../../lib/local/services.ts';

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

const OUTSIDE: Credentials = { accessKeyId: 'outside', secretAccessKey: 'outside' };

/** A running engine and stock SDK clients at its endpoint. */
export interface Harness {
  readonly services: Services;
  readonly clients: ReturnType<typeof clientsFor>;
  /** Clients that sign as an instance of a function. */
  clientsOf(functionName: string, roleArn?: string): ReturnType<typeof clientsFor>;
  close(): Promise<void>;
}

export const ROLE = 'arn:aws:iam::000000000000:role/worker-role';

export async function startHarness(options?: ServicesOptions): Promise<Harness> {
  const services = await startServices(options);
  const made: ReturnType<typeof clientsFor>[] = [];
  const make = (credentials: Credentials) => {
    const clients = clientsFor(services.url, credentials);
    made.push(clients);
    return clients;
  };
  return {
    services,
    clients: make(OUTSIDE),
    clientsOf: (functionName, roleArn = ROLE) =>
      make(services.identities.issue({ functionName, instance: 1, roleArn })),
    async close() {
      for (const clients of made) for (const client of Object.values(clients)) client.destroy();
      await services.close();
    },
  };
}

function clientsFor(endpoint: string, credentials: Credentials) {
  const config = { endpoint, region: 'us-east-1', credentials, maxAttempts: 1 };
  return {
    sqs: new SQSClient(config),
    sns: new SNSClient(config),
    s3: new S3Client(config),
    kinesis: new KinesisClient(config),
    dynamodb: new DynamoDBClient(config),
    ses: new SESv2Client(config),
  };
}

/** Longest any test waits for a condition. */
const WAIT_MS = 10_000;
const POLL_MS = 10;

/** Asks again until there is an answer. @throws Error that says what was waited for. */
export async function until<T>(what: string, ask: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const deadline = Date.now() + WAIT_MS;
  while (Date.now() < deadline) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`waited ${WAIT_MS} ms for ${what}`);
}

/** The error a call fails with. */
export async function failure(call: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  try {
    await call;
  } catch (error) {
    return error as Error & Record<string, unknown>;
  }
  throw new Error('the call succeeded; it should have failed');
}

/** Calls an AWS JSON operation without an SDK. */
export async function callJson(
  url: string,
  target: string,
  body: object,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'x-amz-target': target, 'content-type': 'application/x-amz-json-1.0' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/**
 * Sends HTTP/1.1 requests (without connection headers) in one packet, so that the endpoint takes them all in the same moment.
 * Returns the status codes of their answers, in order.
 */
export async function inOnePacket(
  port: number,
  requests: readonly { line: string; headers: object; body: string }[],
): Promise<number[]> {
  const socket = connect(port, '127.0.0.1');
  const packet = requests.map(({ line, headers, body }, index) => {
    const connection = index === requests.length - 1 ? 'close' : 'keep-alive';
    const all = { host: 'localhost', connection, 'content-length': Buffer.byteLength(body), ...headers };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    return `${line} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
  });
  socket.write(packet.join(''));
  let answers = '';
  for await (const chunk of socket) answers += chunk;
  return [...answers.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}
