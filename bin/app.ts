import { join } from 'node:path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { OverviewDashboard } from '../lib/constructs/dashboards/overview-dashboard.ts';
import { bundleFunctions } from '../lib/constructs/functions/bundle.ts';
import { contextText, stackProps, useStage } from '../lib/constructs/stages/stage.ts';
import { MessagingChecks } from '../lib/lint/messaging-checks.ts';
import { stackNameOf } from '../lib/operations/systems/system.ts';
import { SYSTEMS } from '../lib/systems/systems.ts';
import { stageFromContext } from './stages.ts';

/**
 * The CDK app: every reference system as a stack of its own, for one stage. `-c systems=orders,reminders` leaves the others out, so that a demo of one is
 * there sooner; a deployment names its stack instead.
 */
const root = join(import.meta.dirname, '..');
const app = new App();
const stage = useStage(app, stageFromContext(app));
const codeOf = bundleFunctions({ source: join(root, 'lambdas'), output: join(root, '.build', 'lambdas') });

const wanted = contextText(app, 'systems')?.split(',');
const unknown = (wanted ?? []).filter((name) => !SYSTEMS.some((system) => system.name === name));
if (unknown.length > 0)
  throw new Error(
    `-c systems=${wanted}: there is no system '${unknown[0]}' (there are: ${SYSTEMS.map(({ name }) => name).join(', ')})`,
  );
const chosen = SYSTEMS.filter(({ name }) => wanted?.includes(name) ?? true);
const stacks = await Promise.all(
  chosen.map(async (system) => ({ SystemStack: await system.stack(), id: stackNameOf(system, stage.name) })),
);
const overviews = stacks.map(
  ({ SystemStack, id }) => new SystemStack(app, id, { ...stackProps(stage), codeOf }).overview,
);
// Without a dashboard the stack would have no resources.
if (stage.dashboards) {
  const overview = new Stack(app, `sluice-${stage.name}-overview`, {
    ...stackProps(stage),
    description: 'Sluice: all systems on one dashboard',
  });
  new OverviewDashboard(overview, 'dashboard', { systems: overviews });
}
Validations.of(app).addPlugins(new MessagingChecks());

app.synth();
