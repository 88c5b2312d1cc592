import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { deploymentOf, NotDeployed, outputsOf } from '../../../lib/operations/deployed/deployment.ts';
import { openConnections } from '../../bin/open-connections.ts';

/** Where a stack is, and what it has: over an endpoint that answers as CloudFormation does. */
const answer = (outputs: string, id = 'arn:aws:cloudformation:eu-north-1:111122223333:stack/shop/x') => `
<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>
<StackName>shop</StackName><StackId>${id}</StackId><CreationTime>2026-11-20T08:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus>
${outputs}</member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;
const OUTPUTS =
  '<Outputs><member><OutputKey>A</OutputKey><OutputValue>one</OutputValue></member><member><OutputKey>B</OutputKey><OutputValue>two</OutputValue></member></Outputs>';

async function cloudformation(status: number, text: string): Promise<{ url: string; asked: URLSearchParams[] }> {
  const asked: URLSearchParams[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    asked.push(new URLSearchParams(body));
    response.writeHead(status, { 'content-type': 'text/xml' }).end(text);
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close().closeAllConnections());
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  vi.stubEnv('AWS_ENDPOINT_URL', url);
  return { url, asked };
}

beforeEach(() => {
  const open = openConnections();
  onTestFinished(() => expect(open()).toEqual([]));
  for (const [name, value] of Object.entries({
    AWS_REGION: 'eu-north-1',
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
    AWS_MAX_ATTEMPTS: '1',
  }))
    vi.stubEnv(name, value);
});

describe('a deployment', () => {
  it('is asked for by the name of its stack, and has outputs, an account and a region', async () => {
    const { url, asked } = await cloudformation(200, answer(OUTPUTS));
    const { outputs, place } = await deploymentOf('shop');
    expect(outputs).toEqual({ A: 'one', B: 'two' });
    expect(await outputsOf('shop')).toEqual(outputs);
    for (const one of asked) expect([one.get('Action'), one.get('StackName')]).toEqual(['DescribeStacks', 'shop']);
    const where = { account: '111122223333', region: 'eu-north-1' };
    expect(place('LAMBDA')).toEqual({ ...where, endpoint: url });
    // A service may have an endpoint of its own.
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', 'http://elsewhere:1');
    expect([place('DYNAMODB'), place('LAMBDA')]).toEqual([
      { ...where, endpoint: 'http://elsewhere:1' },
      { ...where, endpoint: url },
    ]);
  });

  it.each([
    [undefined, 'eu-north-1', undefined],
    [undefined, 'cn-north-1', undefined],
    ['https://eu.amazonaws.com.example.com', 'eu-north-1', 'https://eu.amazonaws.com.example.com'],
    ['https://amazonaws.example.com:8443', 'eu-north-1', 'https://amazonaws.example.com:8443'],
  ])('is on AWS when it answers by an address of AWS: endpoint %s in %s', async (endpoint, region, expected) => {
    vi.stubEnv('AWS_ENDPOINT_URL', endpoint);
    vi.stubEnv('AWS_REGION', region);
    const base = Object.getPrototypeOf(CloudFormationClient.prototype);
    // Watched already: what watches it goes on.
    const send = vi.mocked(base.send).getMockImplementation() as (...args: unknown[]) => unknown;
    // No request leaves the machine.
    vi.spyOn(base, 'send').mockImplementation(function (this: CloudFormationClient, ...args) {
      this.config.requestHandler.handle = async () => {
        const body = Readable.from([Buffer.from(answer(OUTPUTS))]);
        return { response: { statusCode: 200, headers: { 'content-type': 'text/xml' }, body } } as never;
      };
      return send.apply(this, args);
    });
    const { place } = await deploymentOf('shop');
    expect(place('LAMBDA').endpoint).toBe(expected);
  });

  it('may have no outputs', async () => {
    await cloudformation(200, answer(''));
    expect(await outputsOf('shop')).toEqual({});
  });

  it('is not there when CloudFormation says so, or nobody answers, at the place where it was looked for', async () => {
    const { url } = await cloudformation(
      400,
      '<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id shop does not exist</Message></Error></ErrorResponse>',
    );
    const gone = await outputsOf('shop').catch((error: unknown) => error as Error);
    expect(gone).toBeInstanceOf(NotDeployed);
    expect(gone).toMatchObject({ cause: expect.objectContaining({ message: 'Stack with id shop does not exist' }) });
    expect((gone as Error).message).toMatch(`stack 'shop' was not found at ${url}`);
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:9');
    await expect(outputsOf('shop')).rejects.toThrow("stack 'shop' was not found at http://127.0.0.1:9");
  });
});
