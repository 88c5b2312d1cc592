import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type GivenCredentials, givenCredentials, NoCredentials } from '../../lib/runtime/aws/credentials.ts';
import { httpCall } from '../../lib/runtime/aws/http.ts';
import { producerRuntime } from '../../lib/runtime/invocation/producer-runtime.ts';

const MINUTE = 60_000;
const NOW = Date.parse('2026-11-29T12:00:00Z');
let now: number;
beforeEach(() => {
  now = NOW;
});

const until = (minutes: number | undefined, accessKeyId = 'AKIA'): GivenCredentials => ({
  ...{ accessKeyId, secretAccessKey: 'secret', sessionToken: 'session' },
  ...(minutes === undefined ? {} : { expiration: new Date(NOW + minutes * MINUTE) }),
});

describe('credentials of a function', () => {
  it('are asked for once, and again five minutes before they expire', async () => {
    const provider = vi.fn(async () => until(60)).mockResolvedValueOnce(until(10, 'first'));
    const source = givenCredentials(provider, () => now);
    expect(await source()).toMatchObject({ accessKeyId: 'first', sessionToken: 'session' });
    now = NOW + 5 * MINUTE - 1;
    // At once: a request waits for nothing.
    expect(source()).toMatchObject({ accessKeyId: 'first' });
    expect(provider).toHaveBeenCalledTimes(1);
    now = NOW + 5 * MINUTE;
    expect(await source()).toMatchObject({ accessKeyId: 'AKIA' });
    expect(provider).toHaveBeenCalledTimes(2);
  });

  it('are kept for good when they do not expire', async () => {
    const provider = vi.fn(async () => until(undefined));
    const source = givenCredentials(provider, () => now);
    await source();
    now = NOW + 1e6 * MINUTE;
    await source();
    expect(provider).toHaveBeenCalledTimes(1);
  });

  it('are asked for once at a time, however many requests wait', async () => {
    const { promise, resolve: give } = Promise.withResolvers<GivenCredentials>();
    const provider = vi.fn(() => promise);
    const source = givenCredentials(provider, () => now);
    const waiting = [source(), source(), source()];
    give(until(60));
    expect(new Set(await Promise.all(waiting)).size).toBe(1);
    expect(provider).toHaveBeenCalledTimes(1);
  });

  it('stay in use while no others can be had, until they expire', async () => {
    const provider = vi.fn(async (): Promise<GivenCredentials> => {
      throw new Error('the role cannot be assumed');
    });
    provider.mockResolvedValueOnce(until(10, 'old'));
    const source = givenCredentials(provider, () => now);
    await source();
    now = NOW + 9 * MINUTE;
    expect(await source()).toMatchObject({ accessKeyId: 'old' });
    now = NOW + 10 * MINUTE;
    await expect(source()).rejects.toThrow(NoCredentials);
    provider.mockResolvedValueOnce(until(60));
    expect(await source()).toMatchObject({ accessKeyId: 'AKIA' });
  });

  it('are asked for again after a function has thrown at once', async () => {
    const provider = vi.fn(async () => until(60));
    provider.mockImplementationOnce(() => {
      throw new Error('not yet');
    });
    const source = givenCredentials(provider, () => now);
    await expect(source()).rejects.toThrow(NoCredentials);
    expect(await source()).toMatchObject({ accessKeyId: 'AKIA' });
  });

  it.each<[string, unknown, RegExp]>([
    [
      'a failure',
      Object.assign(new Error('Could not load credentials'), { name: 'CredentialsProviderError' }),
      /^the function given as `credentials` failed: CredentialsProviderError: Could not load credentials$/,
    ],
    ['nothing', undefined, /must give \{accessKeyId, secretAccessKey, .*: accessKeyId is no text, or empty$/],
    ['no secret', { accessKeyId: 'AKIA' }, /: secretAccessKey is no text, or empty$/],
    ['an empty key', { accessKeyId: '', secretAccessKey: 's' }, /: accessKeyId is no text, or empty$/],
    ['a wrong token', { ...until(1), sessionToken: 7 }, /: sessionToken is no text$/],
    ['a time as text', { ...until(1), expiration: '2026-11-29' }, /: expiration is no Date$/],
    ['no time', { ...until(1), expiration: new Date('never') }, /: expiration is no Date$/],
  ])('are named when the function gives %s', async (_, given, message) => {
    const provider = async () => {
      if (given instanceof Error) throw given;
      return given as GivenCredentials;
    };
    const failed = await Promise.resolve(givenCredentials(provider, () => now)()).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(NoCredentials);
    expect((failed as Error).message).toMatch(message);
    expect((failed as Error).message).not.toContain('secret\n');
  });
});

describe('a producer outside of Lambda', () => {
  let server: Server;
  const signed: (string | undefined)[] = [];
  let folder: string;
  const before = { ...process.env };

  beforeAll(async () => {
    server = createServer((request, response) => {
      signed.push(request.headers.authorization);
      request.resume().on('end', () => response.end('{}'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    folder = mkdtempSync(join(tmpdir(), 'sluice-credentials-'));
    const file = join(folder, 'credentials');
    writeFileSync(file, '[counter]\naws_access_key_id = FROMFILE\naws_secret_access_key = s\n');
    for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      ...{ AWS_PROFILE: 'counter', AWS_SHARED_CREDENTIALS_FILE: file, AWS_CONFIG_FILE: join(folder, 'none') },
    });
  });
  beforeEach(() => void signed.splice(0));
  afterAll(() => {
    process.env = before;
    rmSync(folder, { recursive: true });
    server.close();
  });
  const send = { QueueUrl: 'q', MessageBody: 'b' };

  it("signs with what the SDK's chain of providers finds, for the region that it is given", async () => {
    const sdk = new SQSClient({ region: 'eu-west-1' });
    const { aws } = producerRuntime({ credentials: () => sdk.config.credentials(), region: 'eu-north-1' });
    await Promise.all([aws('sqs', 'SendMessage', send), aws('sqs', 'SendMessage', send)]);
    sdk.destroy();
    expect(signed).toEqual(
      Array(2).fill(expect.stringMatching(/Credential=FROMFILE\/\d{8}\/eu-north-1\/sqs\/aws4_request/)),
    );
  });

  it('without a provider signs with those of the environment', async () => {
    const { aws } = producerRuntime({ region: 'eu-north-1' });
    await expect(aws('sqs', 'SendMessage', send)).rejects.toThrow(/or give `credentials` to producerRuntime\(\)/);
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'FROMENV', AWS_SECRET_ACCESS_KEY: 's' });
    await aws('sqs', 'SendMessage', send);
    expect(signed).toEqual([expect.stringMatching(/Credential=FROMENV\//)]);
    delete process.env.AWS_ACCESS_KEY_ID;
  });

  it('sends nothing, and tries nothing again, without credentials', async () => {
    const provider = vi.fn(() => Promise.reject(new Error('signed out')));
    const sleep = vi.fn(async () => undefined);
    const credentials = givenCredentials(provider, () => now);
    const aws = httpCall({ env: (name) => process.env[name] ?? 'x', random: () => 0, sleep, credentials });
    await expect(aws('sqs', 'SendMessage', send)).rejects.toThrow(
      'the function given as `credentials` failed: Error: signed out',
    );
    expect([provider.mock.calls.length, sleep.mock.calls.length, signed]).toEqual([1, 0, []]);
  });
});
