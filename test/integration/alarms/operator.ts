import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { Severity } from '../../../lib/constructs/alarms/kinds.ts';
import type { Engine } from '../../../lib/local/engine.ts';

/** What an alarm has told somebody. */
export interface Told {
  readonly alarm: string;
  readonly state: string;
  readonly before: string;
  readonly description: string;
  readonly reason: string;
  /** Of the topic that told it. */
  readonly severity: Severity;
}

/** Somebody who listens to the topics of a stack's alarms, with a queue for each. */
export interface Operator {
  /** Everything that was told so far, in order for each severity. */
  hear(): Promise<readonly Told[]>;
  close(): void;
}

const SEVERITIES: readonly Severity[] = ['critical', 'warning'];

export async function openOperator({ services }: Engine, stack: string): Promise<Operator> {
  const sqs = new SQSClient({});
  const sns = new SNSClient({});
  const urls = new Map<Severity, string>();
  const told: Told[] = [];
  for (const severity of SEVERITIES) {
    const QueueName = `${stack}-operator-${severity}`;
    const TopicArn = `arn:aws:sns:${services.region}:${services.account}:${stack}-alarms-${severity}`;
    const statement = {
      Effect: 'Allow',
      Principal: { Service: 'sns.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: '*',
      Condition: { ArnEquals: { 'aws:SourceArn': TopicArn } },
    };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
    const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes: { Policy } }));
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
    await sns.send(
      new SubscribeCommand({
        TopicArn,
        Protocol: 'sqs',
        Endpoint: Attributes?.QueueArn,
        Attributes: { RawMessageDelivery: 'true' },
      }),
    );
    urls.set(severity, QueueUrl);
  }

  async function receive(severity: Severity, QueueUrl: string): Promise<void> {
    for (;;) {
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
      if (Messages.length === 0) return;
      for (const { Body = '' } of Messages) {
        const { AlarmName, NewStateValue, OldStateValue, AlarmDescription, NewStateReason } = JSON.parse(Body);
        told.push({
          alarm: AlarmName,
          state: NewStateValue,
          before: OldStateValue,
          description: AlarmDescription,
          reason: NewStateReason,
          severity,
        });
      }
      const Entries = Messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }));
      await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
    }
  }

  // One reader at a time: whoever asks meanwhile gets what it finds.
  let reading: Promise<unknown> | undefined;
  return {
    async hear() {
      reading ??= Promise.all([...urls].map(([severity, url]) => receive(severity, url))).finally(() => {
        reading = undefined;
      });
      await reading;
      return told;
    },
    close() {
      sqs.destroy();
      sns.destroy();
    },
  };
}
