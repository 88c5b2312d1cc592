import { loadFauxqs } from './messaging/fauxqs.ts';
import { createS3 } from './messaging/s3.ts';
import { createSns } from './messaging/sns.ts';
import { createSqs } from './messaging/sqs.ts';
import { createSts } from './messaging/sts.ts';
import type { ServiceHandler } from './service.ts';
import type { State } from './state/state.ts';

/** SQS, SNS, S3 and STS as handlers of the endpoint, by signing name. */
export interface Messaging {
  readonly handlers: Readonly<Record<'sqs' | 'sns' | 's3' | 'sts', ServiceHandler>>;
  close(): Promise<void>;
}

export interface MessagingOptions {
  readonly region: string;
  readonly account: string;
  /** Keeps queues, topics and buckets over a restart. */
  readonly state?: State | undefined;
}

/**
 * fauxqs inside this process, without a socket of its own, behind thin layers that add what AWS does and fauxqs does not.
 */
export async function startMessaging({ region, account, state }: MessagingOptions): Promise<Messaging> {
  const fauxqs = await loadFauxqs(region, state);
  return {
    handlers: {
      sqs: createSqs(fauxqs, state),
      sns: createSns(fauxqs, state),
      s3: createS3(fauxqs),
      sts: createSts(account),
    },
    // Ends waiting receives too.
    close: () => fauxqs.app.close(),
  };
}
