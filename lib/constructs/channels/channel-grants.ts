import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { channelEnv } from '../../contracts/agreed/environment.ts';
import { allow } from '../functions/messaging-function.ts';
import type { ClaimCheckBucket } from '../stores/claim-check-bucket.ts';

/** A deployed channel as a producer sees it: its address, and what sending to it takes. */
export interface Destination {
  readonly name: string;
  /** Topic ARN, queue URL or stream name. */
  readonly address: string;
  readonly arn: string;
  readonly sendActions: readonly string[];
  /** @default none: encrypted by the service's own key */
  readonly key?: IKey;
  /** Where the data of oversized events goes. @default none: they are refused */
  readonly claims?: ClaimCheckBucket;
}

/** Tells a function where the channel is and lets it send there. */
export function grantSend(fn: LambdaFunction, destination: Destination): void {
  fn.addEnvironment(channelEnv(destination), destination.address);
  allow(fn, destination.sendActions, [destination.arn]);
  destination.claims?.grantStore(fn);
  // A publisher to an encrypted topic needs the data key. https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
  if (destination.key !== undefined) allow(fn, ['kms:GenerateDataKey', 'kms:Decrypt'], [destination.key.keyArn]);
}
