import type { MetricIdentity, Metrics } from '../metrics/metrics.ts';

/** What became of one sending to a target: tried, failed, and then put into its dead-letter queue or lost. */
export type TargetOutcome = 'tried' | 'failed' | 'dead-lettered' | 'dropped';
/** @param sourceArn of the rule or schedule that sends */
export type TargetMeter = (sourceArn: string, outcome: TargetOutcome) => void;

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html */
const RULE: Readonly<Partial<Record<TargetOutcome, string>>> = {
  tried: 'Invocations',
  failed: 'FailedInvocations',
  'dead-lettered': 'InvocationsSentToDlq',
};
/** https://docs.aws.amazon.com/scheduler/latest/UserGuide/monitoring-cloudwatch.html */
const SCHEDULE: Readonly<Record<TargetOutcome, string>> = {
  tried: 'InvocationAttemptCount',
  failed: 'TargetErrorCount',
  'dead-lettered': 'InvocationsSentToDeadLetterCount',
  dropped: 'InvocationDroppedCount',
};

/** Counts what rules (AWS/Events, by RuleName) and schedules (AWS/Scheduler, by ScheduleGroup) send. */
export function createTargetMeter(metrics: Metrics): TargetMeter {
  return (sourceArn, outcome) => {
    const [, group] = /:schedule\/([^/]+)\//.exec(sourceArn) ?? [];
    const name = (group === undefined ? RULE : SCHEDULE)[outcome];
    if (name === undefined) return;
    const identity: MetricIdentity =
      group === undefined
        ? { namespace: 'AWS/Events', name, dimensions: { RuleName: sourceArn.split('/').at(-1) ?? '' } }
        : { namespace: 'AWS/Scheduler', name, dimensions: { ScheduleGroup: group } };
    metrics.series(identity, 'Count').add(1);
  };
}
