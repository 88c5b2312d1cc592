import { AwsError } from '../../../lib/runtime/aws/call.ts';

interface ObjectInput {
  readonly Bucket: string;
  readonly Key: string;
  readonly Body?: Buffer;
}

/** S3 in memory: objects put whole and got whole. */
export function memoryS3(bucket: string) {
  const objects = new Map<string, Buffer>();
  return {
    call(operation: string, input: object): unknown {
      const { Bucket, Key, Body } = input as ObjectInput;
      if (Bucket !== bucket) throw new AwsError('NoSuchBucket', `there is no bucket '${Bucket}'`, 404);
      if (operation === 'PutObject') {
        objects.set(Key, Body ?? Buffer.alloc(0));
        return {};
      }
      if (operation !== 'GetObject') throw new Error(`the simulator does not know S3's ${operation}`);
      const found = objects.get(Key);
      if (found === undefined) throw new AwsError('NoSuchKey', `there is no object '${Key}'`, 404);
      return { Body: found };
    },
    text: (key: string): string | undefined => objects.get(key)?.toString('utf8'),
  };
}
