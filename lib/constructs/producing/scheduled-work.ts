import { CfnResource, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnSchedule, CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { type ScheduleTarget, schedulesEnv } from '../../contracts/agreed/environment.ts';
import type { Recurrence, Recurring } from '../../contracts/channels/recurring.ts';
import { SCHEDULER, SQS } from '../../contracts/declaring/limits.ts';
import type { Envelope } from '../../contracts/events/envelope.ts';
import { schemaUri } from '../../contracts/events/event.ts';
import { watchUndelivered } from '../alarms/consumer.ts';
import type { SystemAlarms } from '../alarms/system-alarms.ts';
import { grantSend } from '../channels/channel-grants.ts';
import { deadLetterQueue } from '../channels/message-queue.ts';
import type { WorkQueue } from '../channels/work-queue.ts';
import { allow } from '../functions/messaging-function.ts';
import { acknowledgeDeadLetters } from '../stages/acknowledge.ts';
import { idByName } from '../stages/logical-ids.ts';
import { physicalName, removalPolicyOf, tagComponent } from '../stages/stage.ts';

/** What is scheduled, and for which queue. */
export interface ScheduledWorkProps {
  /** Where the work goes when it is due. */
  readonly queue: WorkQueue;
  /** For FIFO queues, whose dead letters Scheduler cannot use: the alarm of a queue for what it cannot deliver. @default none */
  readonly alarms?: SystemAlarms;
  /** Work that is due again and again. @default none */
  readonly recurring?: readonly Recurring[];
}

/** Filled in by Scheduler at each due time. https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html */
const SCHEDULED_TIME = '<aws.scheduler.scheduled-time>';

/**
 * Work for a queue that is due later: a schedule group for the one-time schedules of `later()`, the role that they send with, and a schedule for
 * each recurring work. What Scheduler cannot deliver joins the queue's dead letters; a FIFO queue gets a standard queue for it, because Scheduler
 * takes no other. https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
 */
export class ScheduledWork extends Construct {
  readonly group: CfnScheduleGroup;
  readonly role: Role;
  /** Events that could not be delivered. */
  readonly undelivered: Queue;
  /** Of the recurring work, in its order. */
  readonly schedules: readonly CfnSchedule[];
  private readonly queue: WorkQueue;

  /** @throws Error for a FIFO queue without `alarms`, recurring work of another queue, or with a message group that SQS does not take */
  constructor(scope: Construct, id: string, { queue, alarms, recurring = [] }: ScheduledWorkProps) {
    super(scope, id);
    tagComponent(this, queue.contract.name);
    this.queue = queue;
    this.undelivered = queue.contract.order === 'none' ? queue.deadLetters : this.undeliveredOf(queue, alarms);
    this.group = new CfnScheduleGroup(this, 'Group', nameOf(physicalName(this, queue.contract.name)));
    idByName(this.group, queue.contract.name);
    const { account } = Stack.of(this);
    this.role = new Role(this, 'Role', {
      // Only schedules of this account: https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': account } },
      }),
      description: `Sends scheduled work to ${queue.contract.name}`,
    });
    this.role.addToPolicy(
      new PolicyStatement({
        actions: ['sqs:SendMessage'],
        resources: [queue.queue.queueArn, this.undelivered.queueArn],
      }),
    );
    // Schedules are work that is due: with the group they would go, and without the role they could not send.
    for (const part of [this.group, ...this.role.node.findAll()])
      if (CfnResource.isCfnResource(part)) part.applyRemovalPolicy(removalPolicyOf(this));
    this.schedules = recurring.map((work) => this.schedule(work));
  }

  /** Lets a function put work off: `later(queue)`. */
  grantLater(fn: LambdaFunction): void {
    const { contract, queue, destination } = this.queue;
    const stack = Stack.of(this);
    const target: ScheduleTarget = {
      group: this.group.ref,
      roleArn: this.role.roleArn,
      queueArn: queue.queueArn,
      deadLettersArn: this.undelivered.queueArn,
    };
    fn.addEnvironment(schedulesEnv(contract), stack.toJsonString(target));
    grantSend(fn, destination);
    const schedules = stack.formatArn({
      service: 'scheduler',
      resource: 'schedule',
      resourceName: `${this.group.ref}/*`,
    });
    allow(
      fn,
      ['scheduler:CreateSchedule', 'scheduler:GetSchedule', 'scheduler:DeleteSchedule'],
      [schedules],
      'a schedule of this group is named by the message that it sends, which is known when it is put off',
    );
    fn.addToRolePolicy(
      new PolicyStatement({
        actions: ['iam:PassRole'],
        resources: [this.role.roleArn],
        conditions: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } },
      }),
    );
    // A schedule in a group needs the group.
    fn.node.addDependency(this.group);
  }

  private undeliveredOf(queue: WorkQueue, alarms: SystemAlarms | undefined): Queue {
    const { name } = queue.contract;
    if (alarms === undefined) {
      throw new Error(
        `scheduled work for FIFO queue '${name}' needs alarms: what Scheduler cannot deliver goes to a queue of its own, which somebody must watch; pass the stack's SystemAlarms`,
      );
    }
    queue.deduplicateByContent();
    const undelivered = deadLetterQueue(this, 'Undelivered', `${name}-undelivered`, queue.contract.deadLetterRetention);
    acknowledgeDeadLetters(undelivered, 'the schedules of a FIFO queue');
    watchUndelivered(this, alarms, `${name}-scheduled`, {
      queue: undelivered,
      service: 'Scheduler',
      settings: [queue.contract.alarms],
    });
    return undelivered;
  }

  private schedule(work: Recurring): CfnSchedule {
    const { contract, queue } = this.queue;
    if (work.to.name !== contract.name) {
      throw new Error(
        `recurring work '${work.name}' is declared for queue '${work.to.name}' but is wired to '${contract.name}'; pass the queue it is declared with`,
      );
    }
    const schedule = new CfnSchedule(this, work.name, {
      ...nameOf(physicalName(this, work.name)),
      groupName: this.group.ref,
      description: `Puts ${work.event.type} into ${contract.name}`,
      flexibleTimeWindow: { mode: 'OFF' },
      ...expressionOf(work.when),
      target: {
        arn: queue.queueArn,
        roleArn: this.role.roleArn,
        input: JSON.stringify(eventOf(work)),
        ...(contract.order === 'none' ? {} : { sqsParameters: { messageGroupId: groupOf(work) } }),
        deadLetterConfig: { arn: this.undelivered.queueArn },
        retryPolicy: {
          maximumEventAgeInSeconds: SCHEDULER.maxEventAgeSeconds,
          maximumRetryAttempts: SCHEDULER.maxRetryAttempts,
        },
      },
    });
    schedule.node.addDependency(this.group);
    return idByName(schedule, work.name);
  }
}

/** A name for people, unless it is too long: then CloudFormation makes one. */
const nameOf = (name: string): { name?: string } => (name.length <= SCHEDULER.maxNameCharacters ? { name } : {});

const SECONDS_PER_MINUTE = 60;

function expressionOf(when: Recurrence): { scheduleExpression: string; scheduleExpressionTimezone: string } {
  if ('cron' in when) return { scheduleExpression: `cron(${when.cron})`, scheduleExpressionTimezone: when.timezone };
  const minutes = when.every.seconds / SECONDS_PER_MINUTE;
  return {
    scheduleExpression: `rate(${minutes} ${minutes === 1 ? 'minute' : 'minutes'})`,
    scheduleExpressionTimezone: 'UTC',
  };
}

/** Letters, digits and punctuation. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
const GROUP = new RegExp(`^[!-~]{1,${SQS.maxIdCharacters}}$`);

/** The message group of recurring work: the same every time, as its data. */
function groupOf(work: Recurring): string {
  const group = work.to.groupBy({ ...eventOf(work), traceparent: '' });
  if (GROUP.test(group)) return group;
  throw new Error(
    `recurring work '${work.name}' has the message group '${group}'; it must have 1 to ${SQS.maxIdCharacters} letters, digits or punctuation marks, without spaces. Shorten it in the queue's groupBy or the event's key`,
  );
}

/** The event of each due time: its id is the work's name and the time, so that firing twice is one event. */
function eventOf({ name, to, event, data }: Recurring): Omit<Envelope, 'traceparent'> {
  const key: string = event.key(data);
  return {
    specversion: '1.0',
    id: `${name}@${SCHEDULED_TIME}`,
    source: `/recurring/${to.name}`,
    type: event.type,
    subject: key,
    time: SCHEDULED_TIME,
    dataschema: schemaUri(event),
    datacontenttype: 'application/json',
    correlationid: `${name}@${SCHEDULED_TIME}`,
    partitionkey: key,
    data,
  };
}
