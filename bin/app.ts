import { join } from 'node:path';
import { App, Stack, Tags, Validations } from 'aws-cdk-lib';
import { bundleFunctions } from '../lib/constructs/bundle.ts';
import { OverviewDashboard } from '../lib/constructs/dashboards/overview-dashboard.ts';
import { stageOf } from '../lib/constructs/stage.ts';
import { MessagingChecks } from '../lib/lint/messaging-checks.ts';
import { OrdersStack } from '../lib/systems/orders/stack.ts';

/** The CDK app: every reference system as a stack of its own, for one stage. */
const root = join(import.meta.dirname, '..');
const app = new App();
const stage = stageOf(app);
const codeOf = bundleFunctions({ source: join(root, 'lambdas'), output: join(root, '.build', 'lambdas') });
const mailFrom: unknown = app.node.tryGetContext('mailFrom');

const orders = new OrdersStack(app, `sluice-${stage.name}-orders`, {
  codeOf,
  ...(typeof mailFrom === 'string' ? { mailFrom } : {}),
});
const overview = new Stack(app, `sluice-${stage.name}-overview`, {
  description: 'Sluice: all systems on one dashboard',
});
new OverviewDashboard(overview, 'dashboard', { systems: [orders.overview] });
Validations.of(app).addPlugins(new MessagingChecks());
Tags.of(app).add('sluice:stage', stage.name);

app.synth();
