import type { JsonObject } from '../../json.ts';
import { listAt, objectAt, textAt } from '../../json.ts';
import type { AttributeText, Filterable } from './filter-policy.ts';

/** A message as Publish takes it, and as an entry of PublishBatch. */
export interface Entry extends Filterable {
  /** Of the entry in its batch. */
  readonly id: string;
  readonly subject: string | undefined;
  readonly group: string | undefined;
  readonly deduplicationId: string | undefined;
}

/** A message that a topic has accepted. */
export interface Publication extends Entry {
  readonly messageId: string;
}

/** @param input members of a Publish, or of an entry of a PublishBatch */
export const entryOf = (input: JsonObject): Entry => ({
  id: textAt(input, 'Id') ?? '',
  message: textAt(input, 'Message') ?? '',
  subject: textAt(input, 'Subject'),
  group: textAt(input, 'MessageGroupId'),
  deduplicationId: textAt(input, 'MessageDeduplicationId'),
  attributes: Object.fromEntries(
    listAt(objectAt(input, 'MessageAttributes'), 'entry').map((entry) => [
      textAt(entry, 'Name') ?? '',
      attributeOf(objectAt(entry, 'Value')),
    ]),
  ),
});

function attributeOf(value: JsonObject): AttributeText {
  const [StringValue, BinaryValue] = [textAt(value, 'StringValue'), textAt(value, 'BinaryValue')];
  return {
    DataType: textAt(value, 'DataType') ?? '',
    ...(StringValue === undefined ? {} : { StringValue }),
    ...(BinaryValue === undefined ? {} : { BinaryValue }),
  };
}

/**
 * What a subscriber without raw delivery gets.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
 */
export function notificationOf(
  { messageId, message, subject, attributes }: Publication,
  { topicArn, arn }: { readonly topicArn: string; readonly arn: string },
): JsonObject {
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
    UnsubscribeURL: `https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=${arn}`,
    ...(entries.length === 0 ? {} : { MessageAttributes: Object.fromEntries(entries) }),
  };
}

/**
 * The event of a function.
 * https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
 */
export function eventOf(publication: Publication, subscription: { topicArn: string; arn: string }): JsonObject {
  const notification = notificationOf(publication, subscription);
  const { SigningCertURL = '', UnsubscribeURL = '', Subject = null, MessageAttributes = {}, ...rest } = notification;
  const Sns = { ...rest, Subject, SigningCertUrl: SigningCertURL, UnsubscribeUrl: UnsubscribeURL, MessageAttributes };
  return { Records: [{ EventSource: 'aws:sns', EventVersion: '1.0', EventSubscriptionArn: subscription.arn, Sns }] };
}
