import { loadFauxqs } from './messaging/fauxqs.ts';
import { createS3 } from './messaging/s3.ts';
import { createSns } from './messaging/sns.ts';
import { createSqs } from './messaging/sqs.ts';
import { createSts } from './messaging/sts.ts';
import type { ServiceHandler } from './service.ts';

/** SQS, SNS, S3 and STS as handlers of the endpoint, by signing name. */
export interface Messaging {
  readonly handlers: Readonly<Record<'sqs' | 'sns' | 's3' | 'sts', ServiceHandler>>;
  close(): Promise<void>;
}

export interface MessagingOptions {
  readonly region: string;
  readonly account: string;
}

/**
 * fauxqs inside this process, without a socket of its own, behind thin layers that add what AWS does and fauxqs does not.
 */
export async function startMessaging({ region, account }: MessagingOptions): Promise<Messaging> {
  const fauxqs = await loadFauxqs(region);
  return {
    handlers: {
      sqs: createSqs(fauxqs),
      sns: createSns(fauxqs),
      s3: createS3(fauxqs),
      sts: createSts(account),
    },
    // Ends waiting receives too.
    close: () => fauxqs.app.close(),
  };
}
