import type { Protocol, WireAnswer } from './wire.ts';
import { xmlError } from './xml.ts';

/** The two operations the runtime needs, with the names of the SDK. Bodies are bytes. */
export interface S3PutObject {
  readonly Bucket: string;
  readonly Key: string;
  readonly Body: Buffer;
  readonly ContentType?: string;
  readonly ContentEncoding?: string;
}

export interface S3GetObject {
  readonly Bucket: string;
  readonly Key: string;
}

export interface S3Object {
  readonly Body: Buffer;
}

const encodedKey = (key: string): string =>
  key
    .split('/')
    // encodeURIComponent leaves characters alone that a signature must have encoded.
    .map((part) =>
      encodeURIComponent(part).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`),
    )
    .join('/');

/** https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAPI.html: the object in the path, its bytes in the body. */
export const s3: Protocol = {
  encode(operation, input) {
    const { Bucket, Key } = input as S3GetObject;
    const at = { bucket: Bucket, path: `/${encodedKey(Key)}` };
    if (operation === 'GetObject') return { ...at, method: 'GET', headers: {}, body: '' };
    if (operation !== 'PutObject') throw new TypeError(`s3 ${operation} is not an operation of this client`);
    const { Body, ContentType = 'application/octet-stream', ContentEncoding } = input as S3PutObject;
    return {
      ...at,
      method: 'PUT',
      headers: {
        'content-type': ContentType,
        ...(ContentEncoding === undefined ? {} : { 'content-encoding': ContentEncoding }),
      },
      body: Body,
    };
  },
  decode: ({ body }: WireAnswer): S3Object => ({ Body: body }),
  decodeError: xmlError,
};
