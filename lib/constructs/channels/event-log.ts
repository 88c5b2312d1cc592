import { Annotations } from 'aws-cdk-lib';
import {
  type CfnStream,
  ShardLevelMetrics,
  Stream,
  StreamConsumer,
  StreamEncryption,
  StreamMode,
} from 'aws-cdk-lib/aws-kinesis';
import { Construct } from 'constructs';
import type { Log as LogContract } from '../../contracts/channels/channel.ts';
import { KINESIS } from '../../contracts/declaring/limits.ts';
import { cdkDuration } from '../functions/messaging-function.ts';
import { idByName } from '../stages/logical-ids.ts';
import { physicalName, removalPolicyOf, stageOf, tagComponent } from '../stages/stage.ts';
import { type ClaimCheckBucket, claimsOf } from '../stores/claim-check-bucket.ts';
import type { Destination } from './channel-grants.ts';
import { deploys } from './declared.ts';

const BYTES_PER_KIB = 1_024;
const SECONDS_PER_HOUR = 3_600;

/** What a log is deployed with, beside its declaration. */
export interface EventLogProps {
  /** Needed when the log is declared with claim check. @default none */
  readonly claims?: ClaimCheckBucket;
}

/**
 * A declared log as a Kinesis stream: encrypted, with the declared retention, capacity, record size and metrics of its shards, as far as the stage lets it
 * have them.
 */
export class EventLog extends Construct {
  /** As it is deployed. */
  readonly contract: LogContract;
  readonly stream: Stream;
  readonly destination: Destination;
  readonly claims: ClaimCheckBucket | undefined;
  private readonly enhanced: string[] = [];

  constructor(scope: Construct, declared: LogContract, props: EventLogProps = {}) {
    super(scope, declared.name);
    const contract = inStage(this, declared);
    tagComponent(this, contract.name);
    this.contract = contract;
    this.claims = claimsOf(contract, props.claims);
    this.stream = new Stream(this, 'Stream', {
      streamName: physicalName(this, contract.name),
      ...(contract.capacity === 'on-demand'
        ? { streamMode: StreamMode.ON_DEMAND }
        : { streamMode: StreamMode.PROVISIONED, shardCount: contract.shards }),
      ...(contract.shardMetrics.length === 0 ? {} : { shardLevelMetrics: metricsOf(contract) }),
      retentionPeriod: cdkDuration(contract.retention),
      encryption: StreamEncryption.MANAGED,
      removalPolicy: removalPolicyOf(this),
    });
    idByName(this.stream, contract.name);
    const recordKiB = contract.maxMessageBytes / BYTES_PER_KIB;
    if (recordKiB > KINESIS.defaultRecordKiB) {
      // The L2 construct does not have it yet.
      (this.stream.node.defaultChild as CfnStream).maxRecordSizeInKiB = recordKiB;
    }
    deploys(this.stream, { kind: 'channel', channel: contract });
    this.destination = {
      name: contract.name,
      address: this.stream.streamName,
      arn: this.stream.streamArn,
      sendActions: ['kinesis:PutRecords'],
      ...(this.claims === undefined ? {} : { claims: this.claims }),
    };
  }

  /**
   * Registers a consumer with enhanced fan-out: 2 MB/s of each shard for itself.
   * @param scope what reads with it, in the same stack
   * @throws Error for the 21st: Kinesis takes 20 of them
   */
  enhancedConsumer(scope: Construct, name: string): StreamConsumer {
    this.enhanced.push(name);
    const { maxEnhancedConsumers } = KINESIS;
    if (this.enhanced.length > maxEnhancedConsumers) {
      throw new Error(
        `log '${this.contract.name}' has ${this.enhanced.length} consumers with enhanced fan-out (${this.enhanced.join(', ')}), and Kinesis takes ${maxEnhancedConsumers}; declare some with fanOut: 'shared'`,
      );
    }
    const consumer = new StreamConsumer(scope, 'StreamConsumer', {
      stream: this.stream,
      streamConsumerName: physicalName(scope, name),
    });
    return idByName(consumer, name);
  }
}

/** The log as the stage has it; what it gives up is said when the app is synthesised. */
function inStage(scope: Construct, declared: LogContract): LogContract {
  const { name, logs } = stageOf(scope);
  const onDemand = declared.capacity === 'on-demand';
  const shards = onDemand
    ? (logs.shards ?? declared.shards)
    : Math.min(declared.shards, logs.shards ?? declared.shards);
  const retention =
    logs.retention !== undefined && logs.retention.seconds < declared.retention.seconds
      ? logs.retention
      : declared.retention;
  const provisioned = onDemand && logs.shards !== undefined;
  const hours = retention.seconds / SECONDS_PER_HOUR;
  const gives = [
    ...(provisioned || shards < declared.shards
      ? [
          `${shards} of ${onDemand ? 'what it needs, on demand,' : declared.shards} shards: above ${shards},000 records or ${shards} MB a second it is throttled`,
        ]
      : []),
    ...(retention === declared.retention
      ? []
      : [
          `${hours} h of retention instead of ${declared.retention.seconds / SECONDS_PER_HOUR}: what nobody has read for so long is lost`,
        ]),
  ];
  if (gives.length > 0)
    Annotations.of(scope).addInfo(`stage '${name}' gives log '${declared.name}' ${gives.join('; and ')}`);
  return { ...declared, shards, retention, ...(provisioned ? { capacity: 'provisioned' } : {}) };
}

const metricsOf = ({ shardMetrics }: LogContract): ShardLevelMetrics[] =>
  Object.values(ShardLevelMetrics).filter((metric) => shardMetrics.some((name) => name === metric));
