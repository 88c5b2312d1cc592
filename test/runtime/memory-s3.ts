import { AwsError } from '../../lib/runtime/aws/calls/call.ts';
import type { S3GetObject, S3PutObject } from '../../lib/runtime/aws/protocols/s3-protocol.ts';
import type { Runtime } from '../../lib/runtime/invocation/runtime.ts';

export const BUCKET = 'claims-bucket';

export interface MemoryS3 {
  readonly objects: Map<string, Buffer>;
  readonly puts: S3PutObject[];
  readonly runtime: Pick<Runtime, 'aws' | 'env'>;
}

/** A bucket in memory behind the runtime's seam. */
export function memoryS3(bucket: string | undefined = BUCKET): MemoryS3 {
  const objects = new Map<string, Buffer>();
  const puts: S3PutObject[] = [];
  return {
    objects,
    puts,
    runtime: {
      env: (name) => (name === 'SLUICE_CLAIMS_BUCKET' ? bucket : undefined),
      async aws(service, operation, input) {
        if (service !== 's3') throw new Error(`unexpected call: ${service} ${operation}`);
        if (operation === 'PutObject') {
          const put = input as S3PutObject;
          puts.push(put);
          objects.set(`${put.Bucket}/${put.Key}`, put.Body);
          return {};
        }
        const { Bucket, Key } = input as S3GetObject;
        if (operation === 'DeleteObject') {
          objects.delete(`${Bucket}/${Key}`);
          return {};
        }
        const Body = objects.get(`${Bucket}/${Key}`);
        if (Body === undefined) throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404);
        return { Body };
      },
    },
  };
}
