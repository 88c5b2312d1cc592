import { join } from 'node:path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { OverviewDashboard } from '../lib/constructs/dashboards/overview-dashboard.ts';
import { bundleFunctions } from '../lib/constructs/functions/bundle.ts';
import { stackProps, useStage } from '../lib/constructs/stages/stage.ts';
import { MessagingChecks } from '../lib/lint/messaging-checks.ts';
import { OrdersStack } from '../lib/systems/orders/stack.ts';
import { stageFromContext } from './stages.ts';

/** The CDK app: every reference system as a stack of its own, for one stage. */
const root = join(import.meta.dirname, '..');
const app = new App();
const stage = useStage(app, stageFromContext(app));
const codeOf = bundleFunctions({ source: join(root, 'lambdas'), output: join(root, '.build', 'lambdas') });

const orders = new OrdersStack(app, `sluice-${stage.name}-orders`, { ...stackProps(stage), codeOf });
// Without a dashboard the stack would have no resources.
if (stage.dashboards) {
  const overview = new Stack(app, `sluice-${stage.name}-overview`, {
    ...stackProps(stage),
    description: 'Sluice: all systems on one dashboard',
  });
  new OverviewDashboard(overview, 'dashboard', { systems: [orders.overview] });
}
Validations.of(app).addPlugins(new MessagingChecks());

app.synth();
