import { Duration, Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { physicalName } from './stage.ts';

export interface AlarmSpec {
  readonly id: string;
  /** Ends the alarm's name: `<stack>-<name>`. */
  readonly name: string;
  readonly metric: IMetric;
  /** The alarm goes off above this value. */
  readonly threshold: number;
  readonly evaluationPeriods: number;
  /** What it means and what to do first. */
  readonly description: string;
  /** @default not breaching: silence of a queue or function is no fault */
  readonly missing?: TreatMissingData;
}

/** Where alarms go: one encrypted topic, with an e-mail address when context `alarmEmail` names one. */
export class AlarmTopic extends Construct {
  readonly topic: Topic;

  constructor(scope: Construct, id: string, props: { readonly key: IKey }) {
    super(scope, id);
    this.topic = new Topic(this, 'Topic', {
      topicName: physicalName(this, 'alarms'),
      masterKey: props.key,
      enforceSSL: true,
    });
    // A topic with a policy, and enforceSSL makes one, no longer lets in alarms by itself: their actions would fail without a word.
    // https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html#sns-publish-messages-from-cloudwatch-alarms
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsPublish',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    const email: unknown = this.node.tryGetContext('alarmEmail');
    if (typeof email === 'string') this.topic.addSubscription(new EmailSubscription(email));
  }

  /** Makes an alarm whose action, on alarm and back to normal, is this topic. */
  alarm(scope: Construct, spec: AlarmSpec): Alarm {
    const alarm = new Alarm(scope, spec.id, {
      alarmName: physicalName(scope, spec.name),
      alarmDescription: spec.description,
      metric: spec.metric,
      threshold: spec.threshold,
      evaluationPeriods: spec.evaluationPeriods,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: spec.missing ?? TreatMissingData.NOT_BREACHING,
    });
    const action = new SnsAction(this.topic);
    alarm.addAlarmAction(action);
    alarm.addOkAction(action);
    return alarm;
  }
}

export const ALARM_PERIOD = Duration.minutes(1);
