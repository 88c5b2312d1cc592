import { Annotations, Stack } from 'aws-cdk-lib';
import { Dashboard, PeriodOverride } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { idByName } from '../stages/logical-ids.ts';
import { stageOf } from '../stages/stage.ts';
import { healthRow } from './health-row.ts';
import { lagRow } from './lag-row.ts';
import type { SystemOverview } from './overview-dashboard.ts';
import type { SystemViews } from './system-views.ts';
import { throughputRow } from './throughput-row.ts';

/** What is shown, and under which name. */
export interface SystemDashboardProps extends SystemViews {
  /** Headline: `Orders`. */
  readonly title: string;
}

/**
 * One dashboard for a system, named as its stack: health on top, throughput in the middle, lag per consumer and shard below. Every line across a
 * graph is an alarm's.
 */
export class SystemDashboard extends Construct {
  /** undefined where the stage has no dashboards. */
  readonly dashboard: Dashboard | undefined;
  /** What the dashboard over all systems shows of this one. */
  readonly overview: SystemOverview;

  constructor(scope: Construct, id: string, { title, ...views }: SystemDashboardProps) {
    super(scope, id);
    const { stackName } = Stack.of(this);
    this.dashboard = this.dashboardOf(title, views);
    this.overview = {
      title,
      stackName,
      critical: views.alarms.watched.filter(({ severity }) => severity === 'critical').map((one) => one.fullName),
      consumers: views.consumers.map(({ subscription }) => subscription),
      outboxes: views.outboxes.map(({ name }) => name),
    };
  }

  private dashboardOf(title: string, views: SystemViews): Dashboard | undefined {
    const { name, dashboards } = stageOf(this);
    if (!dashboards) {
      Annotations.of(this).addInfo(`stage '${name}' has no dashboards; the metrics are in CloudWatch all the same`);
      return undefined;
    }
    const dashboard = new Dashboard(this, 'Dashboard', {
      dashboardName: Stack.of(this).stackName,
      // Alarms look at minutes, and so do the graphs, whatever stretch of time is shown.
      periodOverride: PeriodOverride.INHERIT,
      start: '-PT3H',
    });
    for (const row of [...healthRow(title, views), ...throughputRow(views), ...lagRow(views)]) {
      if (row.length > 0) dashboard.addWidgets(...row);
    }
    return idByName(dashboard, 'dashboard');
  }
}
