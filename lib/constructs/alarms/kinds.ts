import type { AlarmKind } from '../../contracts/declaring/alarms.ts';

/** `critical`: data or money is at stake, or will be soon: wakes somebody up. `warning`: to be looked at in working hours. */
export type Severity = 'critical' | 'warning';

/** What people must know about a kind of alarm. In the texts `{name}`, `{threshold}`, `{minutes}` and what the builder adds stand for values. */
export interface KindOfAlarm {
  readonly severity: Severity;
  readonly title: string;
  /** What it means when it goes off. */
  readonly means: string;
  /** What to do first. */
  readonly first: string;
  /**
   * What minutes without data mean. `told`: the alarm goes to INSUFFICIENT_DATA, and its topic is told; a new alarm begins there, which nobody is told,
   * so that a first deployment rings nobody up.
   */
  readonly silence: 'fine' | 'alarm' | 'told';
  readonly silenceBecause: string;
}

/** A system has one, over all its critical alarms. */
export const UNHEALTHY = 'unhealthy';

/** All alarms that there are. Each has a runbook, `docs/runbooks/<kind>.md`, and ends the names of its alarms with its kind. */
export const ALARM_KINDS = {
  'queue-depth': {
    severity: 'warning',
    title: 'Many messages wait in a queue',
    means: "more than {threshold} messages wait for '{name}'",
    first:
      'compare the age of the oldest message: when it grows, the consumer is too slow or fails; raise its concurrency, or look at its error rate',
    silence: 'fine',
    silenceBecause: 'SQS stops measuring a queue that nobody has used for six hours',
  },
  'oldest-message': {
    severity: 'warning',
    title: 'A message waits for long',
    means: "the oldest message for '{name}' waits for more than {threshold} s",
    first: "look at the function's errors and throttles; if there are none, raise the subscription's concurrency",
    silence: 'fine',
    silenceBecause: 'SQS stops measuring a queue that nobody has used for six hours',
  },
  'dead-letters': {
    severity: 'critical',
    title: 'Messages were given up',
    means: "'{name}' has given up messages",
    first: "read the reason in the 'deadLetter' attribute of a message in {queue}; it names error, attempts and trace",
    silence: 'fine',
    silenceBecause: 'SQS stops measuring a queue that nobody has used for six hours, and an unused one is empty',
  },
  'dead-letters-failed': {
    severity: 'critical',
    title: 'Dead letters cannot be sent',
    means: "'{name}' has given up messages whose dead letters could not be sent; {next}",
    first:
      "read 'the dead letter could not be sent' in the function's log: it has the error and says which message it is; mend that, mostly a permission, the queue {queue} or its bucket",
    silence: 'fine',
    silenceBecause: 'it is measured when it happens only',
  },
  undelivered: {
    severity: 'critical',
    title: 'Messages did not reach their queue',
    means: "{service} could not deliver messages to the queue of '{name}'; nobody has seen them yet",
    first:
      'see whether the queue is there and its policy lets {service} in (SNS adds no reason to a message; Scheduler does, in attributes); mend that, then send the messages in {queue} to it',
    silence: 'fine',
    silenceBecause: 'SQS stops measuring a queue that nobody has used for six hours, and an unused one is empty',
  },
  'error-rate': {
    severity: 'warning',
    title: 'Messages fail',
    means: "more than {threshold} % of the messages, or of the invocations, of '{name}' fail",
    first:
      "read the newest errors in the function's log; when all have one cause, a dependency or the last deployment is to blame",
    silence: 'fine',
    silenceBecause: 'a function that is not called cannot fail',
  },
  'function-errors': {
    severity: 'warning',
    title: 'A function fails',
    means: "more than {threshold} % of the invocations of '{name}' fail",
    first: "read the newest errors in the function's log; time-outs stand there as well",
    silence: 'fine',
    silenceBecause: 'a function that is not called cannot fail',
  },
  throttles: {
    severity: 'warning',
    title: 'A function is refused to run',
    means:
      "in each of {minutes} minutes Lambda has turned invocations of '{name}' away, or a table or channel that had no room its callers",
    first:
      "compare the account's concurrent executions with its quota, and look who uses them up; where there are ThrottledCalls, look which table throttles",
    silence: 'fine',
    silenceBecause: 'a function that is not called cannot be throttled',
  },
  'received-drop': {
    severity: 'warning',
    title: 'Fewer messages than usual',
    means:
      "for {minutes} minutes '{name}' has received more than {threshold} % less than the usual {usual} messages a second",
    first:
      'look whether messages wait: if they do, the consumer has stopped (event source mapping, breaker); if not, the producers have',
    silence: 'alarm',
    silenceBecause: 'a consumer that receives nothing reports nothing',
  },
  'iterator-age': {
    severity: 'critical',
    title: 'A consumer may lose data',
    means: "'{name}' is more than {threshold} % of the {stream} behind and may lose data before it catches up",
    first: "look at the function's errors; if it is only slow, {whenSlow}",
    silence: 'fine',
    silenceBecause: 'Lambda measures only while it calls the function; that nobody reads at all is told by catch-up',
  },
  'log-lag-messages': {
    severity: 'warning',
    title: 'Many records wait in a log',
    means: "'{name}' is about {threshold} records behind, at the rate at which they are written",
    first:
      'look at the lag in time: a million records at 100,000 a second are ten seconds; when the time grows, do as for iterator-age',
    silence: 'fine',
    silenceBecause: 'Lambda measures only while it calls the function',
  },
  'catch-up': {
    severity: 'critical',
    title: 'A consumer will not catch up',
    means:
      "for {minutes} minutes '{name}' has read less than was written, with a lag above {threshold} % of the {stream}, or nothing at all: at this rate it loses data",
    first:
      "when nothing is read, look at the event source mapping and the breaker; else at the function's errors; if it is only slow, {whenSlow}",
    silence: 'fine',
    silenceBecause: 'nothing was written and nothing read',
  },
  'hot-shard': {
    severity: 'warning',
    title: 'One shard lags behind the others',
    means:
      "for {minutes} minutes a shard of '{name}' has lagged more than {threshold} times as far behind as another one",
    first:
      'find the shard on the dashboard and the partition key that fills it; a key that is too hot needs a finer key, several hot ones a split of the shard',
    silence: 'fine',
    silenceBecause: 'a shard without records does not lag',
  },
  'producer-errors': {
    severity: 'warning',
    title: 'Sending fails',
    means: "more than {threshold} % of the tries to send to '{name}' fail",
    first:
      "look in the producers' logs what the service says: for throttling raise the shards or slow the producers down, for AccessDenied look at the last deployment",
    silence: 'fine',
    silenceBecause: 'who sends nothing cannot fail',
  },
  'oldest-unpublished': {
    severity: 'critical',
    title: 'Events wait in an outbox',
    means:
      "events of outbox '{name}' wait for more than {threshold} s, or the sweeper, which measures it, fails or may not run",
    first: 'look for errors of the functions {name}-relay and {name}-sweeper; nothing is lost meanwhile',
    silence: 'told',
    silenceBecause: 'the sweeper measures every minute: silence means that nobody calls it, or not yet',
  },
  'late-dropped': {
    severity: 'warning',
    title: 'Events come too late',
    means:
      "more than {threshold} % of the events of '{name}' came too late for the result; they are in its dead letters",
    first:
      "read in the dead letters how late they were: when a producer was offline, count them by hand; when it is the rule, raise the subscription's allowed lateness",
    silence: 'fine',
    silenceBecause: 'without events none is late',
  },
  'state-failures': {
    severity: 'critical',
    title: 'The state of an aggregation cannot be kept',
    means:
      "'{name}' could not read or commit position and result; the shard stands still until it can, and nothing is counted twice",
    first:
      "read the newest errors in the function's log: DynamoDB's throttling, permissions, or a condition of the result that does not hold",
    silence: 'fine',
    silenceBecause: 'a function that is not called keeps no state',
  },
} as const satisfies Readonly<Record<AlarmKind, KindOfAlarm>>;
