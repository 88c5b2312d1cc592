import type { IKey } from 'aws-cdk-lib/aws-kms';
import { FifoThroughputScope, Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { Topic as TopicContract } from '../../contracts/channels/channel.ts';
import { idByName } from '../stages/logical-ids.ts';
import { physicalName, tagComponent } from '../stages/stage.ts';
import { type ClaimCheckBucket, claimsOf } from '../stores/claim-check-bucket.ts';
import type { Destination } from './channel-grants.ts';
import { deploys } from './declared.ts';

/** What a topic is deployed with, beside its declaration. */
export interface EventTopicProps {
  /** Encrypts the topic. It must allow the services that publish. */
  readonly key: IKey;
  /** Needed when the topic is declared with claim check. @default none */
  readonly claims?: ClaimCheckBucket;
}

/** A declared topic as an SNS topic: encrypted, TLS only, FIFO when it keeps order per key. */
export class EventTopic extends Construct {
  readonly contract: TopicContract;
  readonly topic: Topic;
  readonly destination: Destination;
  readonly claims: ClaimCheckBucket | undefined;

  constructor(scope: Construct, contract: TopicContract, props: EventTopicProps) {
    super(scope, contract.name);
    tagComponent(this, contract.name);
    const fifo = contract.order === 'per-key';
    this.contract = contract;
    this.claims = claimsOf(contract, props.claims);
    this.topic = new Topic(this, 'Topic', {
      topicName: physicalName(this, contract.name) + (fifo ? '.fifo' : ''),
      masterKey: props.key,
      enforceSSL: true,
      // Order is promised per group only, which allows far more messages a second than order over the whole topic.
      ...(fifo ? { fifo, fifoThroughputScope: FifoThroughputScope.MESSAGE_GROUP } : {}),
    });
    idByName(this.topic, contract.name);
    deploys(this.topic, { kind: 'channel', channel: contract });
    this.destination = {
      name: contract.name,
      address: this.topic.topicArn,
      arn: this.topic.topicArn,
      sendActions: ['sns:Publish'],
      key: props.key,
      ...(this.claims === undefined ? {} : { claims: this.claims }),
    };
  }
}
