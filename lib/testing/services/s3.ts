import { AwsError } from '../../runtime/aws/calls/call.ts';

interface ObjectInput {
  readonly Bucket: string;
  readonly Key: string;
  readonly Body?: Buffer;
}

/** S3 in memory: objects put whole and got whole. */
export function memoryS3(buckets: readonly string[]) {
  const objects = new Map<string, Buffer>();
  const ever = new Map<string, Buffer>();
  return {
    call(operation: string, input: object): unknown {
      const { Bucket, Key, Body } = input as ObjectInput;
      if (!buckets.includes(Bucket)) throw new AwsError('NoSuchBucket', `there is no bucket '${Bucket}'`, 404);
      if (operation === 'PutObject') {
        objects.set(`${Bucket}/${Key}`, Body ?? Buffer.alloc(0));
        ever.set(`${Bucket}/${Key}`, Body ?? Buffer.alloc(0));
        return {};
      }
      if (operation === 'DeleteObject') {
        objects.delete(`${Bucket}/${Key}`);
        return {};
      }
      if (operation !== 'GetObject') throw new Error(`sluice/testing does not know S3's ${operation}`);
      const found = objects.get(`${Bucket}/${Key}`);
      if (found === undefined) throw new AwsError('NoSuchKey', `there is no object '${Key}'`, 404);
      return { Body: found };
    },
    object: (bucket: string, key: string): Buffer | undefined => objects.get(`${bucket}/${key}`),
    /** Also what is gone by now. */
    everPut: (bucket: string, key: string): Buffer | undefined => ever.get(`${bucket}/${key}`),
    /** As an expiry rule of the bucket does it. */
    expire: (bucket: string, key: string): void => void objects.delete(`${bucket}/${key}`),
  };
}
