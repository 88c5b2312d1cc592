import { sign } from 'aws4';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Credentials, type SignableRequest, signedHeaders } from '../../lib/runtime/aws/sign.ts';

const KEYS: Credentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};
const NOW = new Date('2015-08-30T12:36:00Z');

/** What the library aws4 makes of the same request. */
function authorizationOfLibrary({ method, url, headers, body }: SignableRequest, service: string, keys: Credentials) {
  const path = `${url.pathname}${url.search}`;
  const given = { ...headers, 'x-amz-date': '20150830T123600Z', 'content-length': '' };
  const request = { service, region: 'eu-west-1', host: url.host, method, path, headers: given, body };
  const options = { ...request, extraHeadersToIgnore: { 'content-length': true } };
  const { headers: signed = {} } = sign(options, { ...keys });
  return signed.Authorization;
}

describe('signedHeaders', () => {
  it('signs the example of the AWS documentation as it does', () => {
    const { authorization } = signedHeaders(
      {
        method: 'GET',
        url: new URL('https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08'),
        headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
        body: '',
      },
      { service: 'iam', region: 'us-east-1', credentials: KEYS, now: NOW },
    );
    expect(authorization).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
    );
  });

  it('signs like the library aws4: any body, path, query, header and key', () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 });
    const segment = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter((s) => !/^\.+$/.test(s));
    const encoded = (s: string) => encodeURIComponent(s.toWellFormed()).replace(/[!'()*]/g, (c) => `%${hex(c)}`);
    const hex = (c: string) => c.charCodeAt(0).toString(16).toUpperCase();
    const request = fc.record({
      service: fc.constantFrom('dynamodb', 'sqs', 'sns', 'kinesis', 's3', 'scheduler', 'lambda'),
      method: fc.constantFrom('POST', 'PUT', 'GET', 'DELETE'),
      // A slash inside a segment: aws4 and AWS differ about it for S3, and no key here has one.
      path: fc.array(
        segment.filter((text) => !text.includes('/')),
        { maxLength: 4 },
      ),
      // aws4 keeps a query in a plain object, which loses this one name.
      query: fc.dictionary(
        segment.filter((name) => name !== '__proto__'),
        segment,
        { maxKeys: 4 },
      ),
      body: fc.oneof(
        text,
        fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      ),
      target: fc.stringMatching(/^[A-Za-z0-9._ -]{1,30}$/),
      token: fc.option(fc.stringMatching(/^[A-Za-z0-9+/=]{10,60}$/), { nil: undefined }),
      secret: fc.stringMatching(/^[A-Za-z0-9+/]{20,40}$/),
    });
    fc.assert(
      fc.property(request, ({ service, method, path, query, body, target, token, secret }) => {
        const search = Object.entries(query).map(([name, value]) => `${encoded(name)}=${encoded(value)}`);
        const url = new URL(
          `https://${service}.eu-west-1.amazonaws.com/${path.map(encoded).join('/')}?${search.join('&')}`,
        );
        const headers = { 'x-amz-target': target, 'content-type': 'application/x-amz-json-1.0' };
        const credentials = {
          accessKeyId: 'AKID',
          secretAccessKey: secret,
          ...(token === undefined ? {} : { sessionToken: token }),
        };
        const ours = signedHeaders(
          { method, url, headers, body },
          { service, region: 'eu-west-1', credentials, now: NOW },
        );
        const theirs = authorizationOfLibrary({ method, url, headers, body }, service, credentials);
        expect(ours.authorization).toBe(theirs);
      }),
    );
  });

  it('keeps apart the keys of days, services and credentials', () => {
    const signature = (service: string, day: string, secretAccessKey: string) =>
      signedHeaders(
        { method: 'POST', url: new URL('https://example.com/'), headers: {}, body: '{}' },
        {
          service,
          region: 'us-east-1',
          credentials: { accessKeyId: 'A', secretAccessKey },
          now: new Date(`${day}T00:00:00Z`),
        },
      ).authorization?.split('Signature=')[1];
    const first = signature('sqs', '2026-11-20', 'one');
    const others = [
      signature('sns', '2026-11-20', 'one'),
      signature('sqs', '2026-11-21', 'one'),
      signature('sqs', '2026-11-20', 'two'),
    ];
    expect(new Set([first, ...others]).size).toBe(4);
    expect(signature('sqs', '2026-11-20', 'one')).toBe(first);
  });

  it('says how long a body is, in bytes, and nothing where there is none', () => {
    const scope = { service: 'sqs', region: 'us-east-1', credentials: KEYS };
    const request = { method: 'POST', url: new URL('http://127.0.0.1:4566/'), headers: {} };
    expect(signedHeaders({ ...request, body: 'é' }, scope)).toMatchObject({
      'content-length': '2',
      host: '127.0.0.1:4566',
    });
    expect(signedHeaders({ ...request, body: '' }, scope)).not.toHaveProperty('content-length');
  });
});
