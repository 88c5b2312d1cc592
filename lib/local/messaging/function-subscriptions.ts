import type { JsonObject } from '../json.ts';
import type { Delivery } from './delivery.ts';
import type { SnsStore } from './fauxqs-types.ts';
import { type Filterable, passesFilter } from './filter-policy.ts';

/** Hands a notification to a function, as an event. @throws Error when there is no such function, or the topic may not invoke it */
export type NotifyFunction = (topicArn: string, functionArn: string, event: string) => void;

/** A message that a topic has accepted. */
export interface Publication extends Filterable {
  readonly messageId: string;
  readonly subject: string | undefined;
}

/**
 * Delivers to the functions among a topic's subscribers, which fauxqs leaves out. What cannot be handed over goes to the subscription's
 * dead-letter queue, as the notification that a queue would get.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-lambda-as-subscriber.html
 */
export function deliverToFunctions(
  topicArn: string,
  publication: Publication,
  {
    snsStore,
    delivery,
    notify,
  }: {
    readonly snsStore: SnsStore;
    readonly delivery: Delivery;
    readonly notify: NotifyFunction;
  },
): void {
  for (const arn of snsStore.getTopic(topicArn)?.subscriptionArns ?? []) {
    const subscription = snsStore.getSubscription(arn);
    if (subscription?.protocol !== 'lambda' || !passesFilter(subscription, publication)) continue;
    try {
      notify(topicArn, subscription.endpoint, JSON.stringify({ Records: [record(topicArn, arn, publication)] }));
    } catch {
      // Whoever publishes does not hear of it, as on AWS; without a dead-letter queue the notification is lost.
      delivery.giveUp(topicArn, subscription, JSON.stringify(notification(topicArn, publication)));
    }
  }
}

function record(topicArn: string, subscriptionArn: string, publication: Publication): JsonObject {
  const { SigningCertURL = '', UnsubscribeURL = '', Subject = null, ...rest } = notification(topicArn, publication);
  return {
    EventSource: 'aws:sns',
    EventVersion: '1.0',
    EventSubscriptionArn: subscriptionArn,
    Sns: {
      ...rest,
      Subject,
      SigningCertUrl: SigningCertURL,
      UnsubscribeUrl: UnsubscribeURL,
      MessageAttributes: rest.MessageAttributes ?? {},
    },
  };
}

function notification(topicArn: string, { messageId, message, subject, attributes }: Publication): JsonObject {
  const entries = Object.entries(attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
    name,
    { Type: DataType, Value: StringValue ?? BinaryValue ?? '' },
  ]);
  return {
    Type: 'Notification',
    MessageId: messageId,
    TopicArn: topicArn,
    ...(subject === undefined ? {} : { Subject: subject }),
    Message: message,
    Timestamp: new Date().toISOString(),
    SignatureVersion: '1',
    Signature: 'EXAMPLE',
    SigningCertURL: 'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0000000000000000000000.pem',
    UnsubscribeURL: `https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe&TopicArn=${topicArn}`,
    ...(entries.length === 0 ? {} : { MessageAttributes: Object.fromEntries(entries) }),
  };
}
