import { App, CfnOutput, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { AttributeType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { allow, bundleFunctions, InboxTable, messagingKey, QueueConsumer, SystemAlarms } from 'sluice/constructs';
import { MessagingChecks } from 'sluice/lint';
import { announce } from './contract.ts';

const codeOf = bundleFunctions({ source: 'lambdas', output: '.build' });

const app = new App();
Validations.of(app).addPlugins(new MessagingChecks());
const stack = new Stack(app, 'parcels');
const announcements = new Table(stack, 'announcements', {
  partitionKey: { name: 'parcel', type: AttributeType.STRING },
  removalPolicy: RemovalPolicy.DESTROY,
});
const consumer = new QueueConsumer(stack, announce, {
  code: codeOf('parcels/announce'),
  inbox: new InboxTable(stack, 'inbox'),
  alarms: new SystemAlarms(stack, 'alarms', { key: messagingKey(stack) }),
  environment: { ANNOUNCEMENTS: announcements.tableName },
});
allow(consumer.function, ['dynamodb:UpdateItem'], [announcements.tableArn]);
new CfnOutput(stack, 'Queue', { value: consumer.work.queue.queueUrl });
new CfnOutput(stack, 'Announcements', { value: announcements.tableName });
