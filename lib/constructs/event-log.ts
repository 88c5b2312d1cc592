import { Stream, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import { Construct } from 'constructs';
import type { Log as LogContract } from '../contracts/channel.ts';
import type { Destination } from './channel-grants.ts';
import { type ClaimCheckBucket, claimsOf } from './claim-check-bucket.ts';
import { cdkDuration } from './messaging-function.ts';
import { physicalName, removalPolicyOf } from './stage.ts';

/** What a log is deployed with, beside its declaration. */
export interface EventLogProps {
  /** Needed when the log is declared with claim check. @default none */
  readonly claims?: ClaimCheckBucket;
}

/** A declared log as a Kinesis stream: encrypted, with the declared retention and number of shards. */
export class EventLog extends Construct {
  readonly contract: LogContract;
  readonly stream: Stream;
  readonly destination: Destination;
  readonly claims: ClaimCheckBucket | undefined;

  constructor(scope: Construct, contract: LogContract, props: EventLogProps = {}) {
    super(scope, contract.name);
    this.contract = contract;
    this.claims = claimsOf(contract, props.claims);
    this.stream = new Stream(this, 'Stream', {
      streamName: physicalName(this, contract.name),
      streamMode: StreamMode.PROVISIONED,
      shardCount: contract.shards,
      retentionPeriod: cdkDuration(contract.retention),
      encryption: StreamEncryption.MANAGED,
      removalPolicy: removalPolicyOf(this),
    });
    this.destination = {
      name: contract.name,
      address: this.stream.streamName,
      arn: this.stream.streamArn,
      sendActions: ['kinesis:PutRecords'],
      ...(this.claims === undefined ? {} : { claims: this.claims }),
    };
  }
}
