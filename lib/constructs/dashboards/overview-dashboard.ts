import { ArnFormat, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  AlarmStatusWidget,
  Dashboard,
  type IMetric,
  PeriodOverride,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { CONSUMER_METRIC, OUTBOX_METRIC } from '../../contracts/agreed/metrics.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import { UNHEALTHY } from '../alarms/kinds.ts';
import { metricOfStack } from '../alarms/metrics.ts';
import { idByName } from '../stages/logical-ids.ts';
import { stageOf } from '../stages/stage.ts';
import { FULL, graph, labelled, MAX_ALARMS, QUARTER } from './widgets.ts';

/**
 * What is shown of a system beside others. Names only: a reference to another stack's resource would tie the two together, so that
 * an alarm could not be taken away while it is shown.
 */
export interface SystemOverview {
  readonly title: string;
  readonly stackName: string;
  /** Names of its critical alarms. */
  readonly critical: readonly string[];
  readonly consumers: readonly Subscription[];
  readonly outboxes: readonly string[];
}

const ALARMS_HEIGHT = 4;

/** One dashboard over all systems of a stage: is it healthy, does it flow, does it fail, is it late. Each system's own has the rest. */
export class OverviewDashboard extends Construct {
  /** undefined where the stage has no dashboards. */
  readonly dashboard: Dashboard | undefined;

  constructor(scope: Construct, id: string, { systems }: { readonly systems: readonly SystemOverview[] }) {
    super(scope, id);
    if (!stageOf(this).dashboards) return;
    const dashboard = new Dashboard(this, 'Dashboard', {
      dashboardName: Stack.of(this).stackName,
      periodOverride: PeriodOverride.INHERIT,
      start: '-PT3H',
    });
    this.dashboard = idByName(dashboard, 'dashboard');
    for (const system of systems) this.addSystem(dashboard, system);
  }

  private addSystem(dashboard: Dashboard, { title, stackName, critical, consumers, outboxes }: SystemOverview): void {
    const metric = (metricName: string, about: Record<string, string>, statistic: string, label: string): IMetric =>
      labelled(metricOfStack(stackName, metricName, about, statistic), label);
    const ofConsumers = (name: string, statistic: string, chosen = consumers): IMetric[] =>
      chosen.map((s) => metric(name, { subscription: s.name }, statistic, s.name));
    const alarms = [`${stackName}-${UNHEALTHY}`, ...critical].slice(0, MAX_ALARMS);
    dashboard.addWidgets(
      new TextWidget({
        ...{ width: FULL, height: 1 },
        markdown: `# ${title} ([dashboard](#dashboards:name=${stackName}))`,
      }),
    );
    dashboard.addWidgets(
      new AlarmStatusWidget({
        ...{ title: `${title}: health and critical alarms`, width: FULL, height: ALARMS_HEIGHT },
        alarms: alarms.map((name) => Alarm.fromAlarmArn(this, name, this.alarmArn(name))),
      }),
    );
    dashboard.addWidgets(
      ...graph({
        ...{ title: `${title}: consumed`, width: QUARTER, unit: 'messages a minute' },
        metrics: ofConsumers(CONSUMER_METRIC.done, 'Sum'),
      }),
      ...graph({
        ...{ title: `${title}: given up`, width: QUARTER, unit: 'messages a minute' },
        metrics: ofConsumers(CONSUMER_METRIC.rejected, 'Sum'),
      }),
      ...graph({
        ...{ title: `${title}: from event to processing, 99 of 100`, width: QUARTER, unit: 'milliseconds' },
        metrics: ofConsumers(
          CONSUMER_METRIC.age,
          'p99',
          consumers.filter(({ guarantee }) => guarantee !== 'exactly-once-aggregation'),
        ),
      }),
      ...graph({
        ...{ title: `${title}: oldest unpublished`, width: QUARTER, unit: 'seconds' },
        metrics: outboxes.map((name) => metric(OUTBOX_METRIC.oldestUnpublished, { outbox: name }, 'Maximum', name)),
      }),
    );
  }

  private alarmArn(alarmName: string): string {
    return Stack.of(this).formatArn({
      service: 'cloudwatch',
      resource: 'alarm',
      resourceName: alarmName,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  }
}
