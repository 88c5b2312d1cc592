import { parseXml } from '../../../formats/xml.ts';
import type { Protocol, WireAnswer } from './wire.ts';
import { xmlError } from './xml-error.ts';

/** The operations the runtime needs, with the names of the SDK. Bodies are bytes. */
export interface S3PutObject {
  readonly Bucket: string;
  readonly Key: string;
  readonly Body: Buffer;
  readonly ContentType?: string;
  readonly ContentEncoding?: string;
  /** Only when there is no object of the key; PreconditionFailed otherwise. */
  readonly IfNoneMatch?: '*';
  readonly Metadata?: Readonly<Record<string, string>>;
}

export interface S3GetObject {
  readonly Bucket: string;
  readonly Key: string;
}

export interface S3Object {
  readonly Body: Buffer;
  readonly Metadata: Readonly<Record<string, string>>;
}

const METADATA = 'x-amz-meta-';

const encodedKey = (key: string): string =>
  key
    .split('/')
    // encodeURIComponent leaves characters alone that a signature must have encoded.
    .map((part) =>
      encodeURIComponent(part).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`),
    )
    .join('/');

const WITHOUT_BODY: Readonly<Record<string, string>> = { GetObject: 'GET', HeadObject: 'HEAD', DeleteObject: 'DELETE' };

/** https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAPI.html: the object in the path, its bytes in the body. */
export const s3: Protocol = {
  encode(operation, input) {
    const { Bucket, Key } = input as S3GetObject;
    const at = { bucket: Bucket, path: `/${encodedKey(Key)}` };
    const method = WITHOUT_BODY[operation];
    if (method !== undefined) return { ...at, method, headers: {}, body: '' };
    if (operation !== 'PutObject') throw new TypeError(`s3 ${operation} is not an operation of this client`);
    const {
      Body,
      ContentType = 'application/octet-stream',
      ContentEncoding,
      IfNoneMatch,
      Metadata = {},
    } = input as S3PutObject;
    return {
      ...at,
      method: 'PUT',
      headers: {
        'content-type': ContentType,
        ...(ContentEncoding === undefined ? {} : { 'content-encoding': ContentEncoding }),
        ...(IfNoneMatch === undefined ? {} : { 'if-none-match': IfNoneMatch }),
        ...Object.fromEntries(Object.entries(Metadata).map(([name, value]) => [METADATA + name, value])),
      },
      body: Body,
    };
  },
  decode(answer: WireAnswer, operation): S3Object {
    const { body, headers } = answer;
    // S3 may say 200 before it knows that it fails; the SDK takes that for 503 as well.
    if (operation === 'PutObject' && body.length > 0 && parseXml(body.toString('utf8')).name === 'Error')
      throw xmlError({ ...answer, status: 503 });
    return {
      Body: body,
      Metadata: Object.fromEntries(
        Object.entries(headers).flatMap(([name, value]) =>
          name.startsWith(METADATA) ? [[name.slice(METADATA.length), String(value)]] : [],
        ),
      ),
    };
  },
  decodeError: xmlError,
};
