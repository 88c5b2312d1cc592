import { Annotations, Lazy, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  AlarmRule,
  AlarmState,
  ComparisonOperator,
  CompositeAlarm,
  type IMetric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { type AlarmKind, type AlarmSettings, alarmRule } from '../../contracts/declaring/alarms.ts';
import { idByName } from '../stages/logical-ids.ts';
import { physicalName, stageOf } from '../stages/stage.ts';
import { ALARM_KINDS, type KindOfAlarm, type Severity, UNHEALTHY } from './kinds.ts';

/** What the alarms of a system need. */
export interface SystemAlarmsProps {
  /** Encrypts the topics; must let CloudWatch in, as `messagingKey()` does. */
  readonly key: IKey;
}

/** What is to be watched. */
export interface AlarmSpec {
  readonly kind: AlarmKind;
  /** Of what: a subscription, channel, outbox or function. Stands in the alarm's name: `<stack>-<name>-<kind>`. */
  readonly name: string;
  /** Goes off above the threshold of the kind. */
  readonly metric: IMetric;
  /** The metric's unit in the threshold's: 1,000 for a threshold in seconds and a metric in milliseconds. @default 1 */
  readonly scale?: number;
  /** What declarations change, the one that decides first. @default none */
  readonly settings?: readonly (AlarmSettings | undefined)[];
  /** What else the kind's texts name. @default none */
  readonly words?: Readonly<Record<string, string>>;
}

/** An alarm as dashboards and runbooks need it. */
export interface WatchedAlarm {
  readonly kind: AlarmKind;
  readonly severity: Severity;
  /** Of what it watches: `charge-card`. */
  readonly name: string;
  /** Of the alarm itself: `<stack>-charge-card-dead-letters`. */
  readonly fullName: string;
  readonly title: string;
  readonly alarm: Alarm;
  /** What the alarm looks at; the alarm's own line is `alarm.toAnnotation()`. */
  readonly metric: IMetric;
  /** In the metric's unit. */
  readonly threshold: number;
  /** The threshold in the unit of the kind, as it is declared. */
  readonly declared: number;
  readonly runbook: string;
}

const TREATMENT = {
  fine: TreatMissingData.NOT_BREACHING,
  alarm: TreatMissingData.BREACHING,
  told: TreatMissingData.MISSING,
} as const;
/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html */
const MAX_CHILDREN = 100;

/**
 * The alarms of a system: a topic for each severity, all alarms that its parts have, and one over all critical ones, `unhealthy`.
 *
 * Every alarm tells its topic when it goes off and when it is over. `unhealthy` tells the critical topic too, although its alarms
 * have told it: they say what to do, and a second one must be heard while the first is on; `unhealthy` says when the trouble
 * began and when the last of it ended, and is the one state that dashboards and other systems ask for.
 *
 * SNS asks everybody to confirm each subscription by a link in an e-mail. Who is to hear of both severities therefore has one topic for both, `everything`,
 * to which all alarms speak, too.
 *
 * The stage says who is mailed by severity, and where the runbooks are (`stageOf()`).
 */
export class SystemAlarms extends Construct {
  /** Where alarms of each severity go. */
  readonly topics: Readonly<Record<Severity, Topic>>;
  /** For who is to hear of both severities and confirms one e-mail. undefined: nobody is. */
  readonly everything: Topic | undefined;
  /** In ALARM while any critical alarm is. */
  readonly unhealthy: CompositeAlarm;
  private readonly all: WatchedAlarm[] = [];

  constructor(scope: Construct, id: string, { key }: SystemAlarmsProps) {
    super(scope, id);
    const { name, alarms, alarmEmails } = stageOf(this);
    const both = alarmEmails.critical.filter((email) => alarmEmails.warning.includes(email));
    const only = (severity: Severity) => alarmEmails[severity].filter((email) => !both.includes(email));
    this.topics = {
      critical: this.topic('critical', key, only('critical')),
      warning: this.topic('warning', key, only('warning')),
    };
    this.everything = both.length === 0 ? undefined : this.topic('everything', key, both);
    if (alarms === 'critical')
      Annotations.of(this).addInfo(
        `stage '${name}' has the critical alarms only: nobody is warned of errors, throttles and backlogs before something is given up or late`,
      );
    this.unhealthy = new CompositeAlarm(this, 'Unhealthy', {
      compositeAlarmName: physicalName(this, UNHEALTHY),
      alarmDescription: `CRITICAL: at least one critical alarm of ${Stack.of(this).stackName} is on. First: open the alarms that are on; each says what to do. Runbook: ${this.runbook(UNHEALTHY)}`,
      alarmRule: { renderAlarmRule: () => Lazy.string({ produce: () => this.anyCritical() }) },
    });
    idByName(this.unhealthy, UNHEALTHY);
    const actions = this.actions('critical');
    this.unhealthy.addAlarmAction(...actions);
    this.unhealthy.addOkAction(...actions);
  }

  /** All alarms made so far. */
  get watched(): readonly WatchedAlarm[] {
    return this.all;
  }

  /**
   * Makes an alarm, unless a declaration switches it off.
   * @throws Error beyond the 100 critical alarms that `unhealthy` can look at
   */
  watch(scope: Construct, spec: AlarmSpec): WatchedAlarm | undefined {
    const { kind, name, metric, scale = 1, settings = [], words = {} } = spec;
    const rule = alarmRule(kind, settings);
    if (rule === undefined) return undefined;
    const about: KindOfAlarm = ALARM_KINDS[kind];
    if (about.severity === 'warning' && stageOf(this).alarms === 'critical') return undefined;
    const runbook = this.runbook(kind);
    const values = { name, threshold: amount(rule.threshold), minutes: String(rule.minutes), ...words };
    const text = `${about.severity.toUpperCase()}: ${about.means}. First: ${about.first}. Runbook: ${runbook}`;
    const fullName = physicalName(scope, `${name}-${kind}`);
    const alarm = new Alarm(scope, `${pascal(kind)}Alarm`, {
      alarmName: fullName,
      alarmDescription: filled(text, values),
      metric,
      threshold: rule.threshold * scale,
      evaluationPeriods: rule.minutes,
      ...(rule.breaching === rule.minutes ? {} : { datapointsToAlarm: rule.breaching }),
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: TREATMENT[about.silence],
    });
    idByName(alarm, `${name}-${kind}`);
    const actions = this.actions(about.severity);
    alarm.addAlarmAction(...actions);
    alarm.addOkAction(...actions);
    if (about.silence === 'told') alarm.addInsufficientDataAction(...actions);
    const { severity, title } = about;
    const threshold = rule.threshold * scale;
    const watched = {
      kind,
      severity,
      name,
      fullName,
      title,
      alarm,
      metric,
      threshold,
      declared: rule.threshold,
      runbook,
    };
    this.all.push(watched);
    if (this.criticals().length > MAX_CHILDREN) {
      throw new Error(
        `${Stack.of(this).stackName} has more than ${MAX_CHILDREN} critical alarms, which a composite alarm cannot look at; split the system into two stacks, or switch alarms off in the declarations`,
      );
    }
    return watched;
  }

  private criticals(): WatchedAlarm[] {
    return this.all.filter(({ severity }) => severity === 'critical');
  }

  private anyCritical(): string {
    const rules = this.criticals().map(({ alarm }) => AlarmRule.fromAlarm(alarm, AlarmState.ALARM));
    return (rules.length === 0 ? AlarmRule.fromBoolean(false) : AlarmRule.anyOf(...rules)).renderAlarmRule();
  }

  private runbook(kind: string): string {
    return `${stageOf(this).runbooks}${kind}.md`;
  }

  private actions(severity: Severity): SnsAction[] {
    return [this.topics[severity], ...(this.everything === undefined ? [] : [this.everything])].map(
      (topic) => new SnsAction(topic),
    );
  }

  private topic(of: Severity | 'everything', key: IKey, emails: readonly string[]): Topic {
    const topic = new Topic(this, pascal(of), {
      topicName: physicalName(this, `alarms-${of}`),
      masterKey: key,
      enforceSSL: true,
    });
    idByName(topic, `alarms-${of}`);
    // A topic with a policy, and enforceSSL makes one, no longer lets in alarms by itself: their actions would fail without a word.
    // https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html#sns-publish-messages-from-cloudwatch-alarms
    topic.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsPublish',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    for (const email of emails) topic.addSubscription(new EmailSubscription(email));
    return topic;
  }
}

const pascal = (kind: string): string => kind.replace(/(^|-)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());
const amount = (value: number): string => value.toLocaleString('en-US');

/** @throws Error for a word that nobody has given */
const filled = (text: string, words: Readonly<Record<string, string>>): string =>
  text.replace(/\{(\w+)\}/g, (_, word: string) => {
    const value = words[word];
    if (value === undefined)
      throw new Error(`the text of an alarm names {${word}}, which its builder does not give: "${text}"`);
    return value;
  });
