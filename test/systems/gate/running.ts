import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  type MetricAlarm,
  type MetricDataQuery,
} from '@aws-sdk/client-cloudwatch';
import { SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { App, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { pointSdkAt } from '../../../bin/apps/sdk-environment.ts';
import type { Report } from '../../../bin/demo/demo-report.ts';
import { countDuplicates } from '../../../bin/demo/duplicates-metric.ts';
import { reconciledRun } from '../../../bin/demo/reconciled-run.ts';
import { stageNamed } from '../../../bin/stages.ts';
import { bundleFunctions } from '../../../lib/constructs/functions/bundle.ts';
import { stackProps, useStage } from '../../../lib/constructs/stages/stage.ts';
import { type Engine, startEngine } from '../../../lib/local/engine.ts';
import type { Fault, Made } from '../../../lib/local/faults.ts';
import type { Denial } from '../../../lib/local/iam.ts';
import {
  type SampleProducer,
  type SystemTools,
  stackNameOf,
  type World,
} from '../../../lib/operations/systems/system.ts';
import { openWorld } from '../../../lib/operations/systems/world.ts';
import type { HouseSystem } from '../../../lib/systems/house-system.ts';
import type { TemplateJson } from '../../constructs/template-view.ts';
import { dashboardContents, emptyRows } from '../../integration/dashboards/graphs.ts';
import { type Demands, noteDemands, type OwnedGrant, unneededGrants } from './grants.ts';

/** A minute of CloudWatch lasts half a second: a run has many. */
const TIME_SCALE = 120;
export const STAGE = 'test';
const SAMPLES_PER_SECOND = 10;

/** A system that runs on an engine of its own. */
export interface Running {
  readonly engine: Engine;
  readonly world: World;
  readonly tools: SystemTools;
  readonly system: HouseSystem;
  readonly from: Date;
  readonly demands: Demands;
  readonly denials: readonly Denial[];
  readonly invocations: () => number;
  /** Functions that were called often enough to have died. */
  readonly oftenCalled: () => string[];
  readonly suppressed: () => Readonly<Record<string, number>>;
  /** Faults that were asked for. */
  readonly kills: Fault[];
  close(): Promise<void>;
}

export interface RunOptions {
  /** @default 120 */
  readonly timeScale?: number;
  /** Where its functions are. @default those of this project */
  readonly lambdas?: string;
}

const ROOT = join(import.meta.dirname, '../../..');
const LAMBDAS = join(ROOT, 'lambdas');

async function synthesise(system: HouseSystem, outdir: string, source: string): Promise<void> {
  const SystemStack = await system.stack();
  const app = new App({ outdir, analyticsReporting: false });
  const stage = useStage(app, stageNamed(STAGE));
  const codeOf = bundleFunctions({ source, output: join(outdir, '..', `${basename(outdir)}-bundles`) });
  new SystemStack(app, stackNameOf(system, STAGE), { ...stackProps(stage), codeOf });
  app.synth();
}

export const templateOf = (stack: Stack): TemplateJson => Template.fromStack(stack).toJSON() as TemplateJson;

export async function run(
  system: HouseSystem,
  { timeScale = TIME_SCALE, lambdas = LAMBDAS }: RunOptions = {},
): Promise<Running> {
  const assembly = mkdtempSync(join(tmpdir(), `sluice-gate-${system.name}-`));
  await synthesise(system, assembly, lambdas);
  const duplicates = countDuplicates();
  const denials: Denial[] = [];
  const calls = new Map<string, number>();
  let invocations = 0;
  const engine = await startEngine({
    ...{ assembly, port: 0, timeScale },
    onLog: ({ line }) => duplicates.see(line),
    onInvocation({ function: name }) {
      invocations += 1;
      calls.set(name, (calls.get(name) ?? 0) + 1);
    },
  });
  const demands = noteDemands(engine.services.iam);
  engine.services.iam.onDenial((denial) => denials.push(denial));
  pointSdkAt(engine.url, engine.services.region);
  const world = await openWorld(stackNameOf(system, STAGE), `${engine.url}/_aws/ses`);
  const tools = await (system.tools as () => Promise<SystemTools>)();
  return {
    ...{ engine, world, tools, system, demands, denials, kills: [] },
    from: new Date(),
    invocations: () => invocations,
    oftenCalled: () => [...calls].filter(([, count]) => count > OFTEN).map(([name]) => name),
    suppressed: duplicates.bySubscription,
    async close() {
      world.clients.close();
      await engine.close();
      for (const folder of [assembly, `${assembly}-bundles`]) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Sends the samples, makes trouble, and reconciles. */
export async function reconcile(running: Running): Promise<Report> {
  const { engine, system, tools, world, suppressed, invocations } = running;
  const nothing = () => undefined;
  const report = await reconciledRun({
    ...{ engine, system, tools, world, suppressed, invocations },
    producer: Object.values(tools.producers)[0] as SampleProducer,
    terminal: {
      json: true,
      rich: false,
      note: nothing,
      status: nothing,
      progress: () => ({ step: nothing, stop: nothing }),
    },
    signal: new AbortController().signal,
    options: { rate: SAMPLES_PER_SECOND },
    alsoMade: () => killsMade(running),
  });
  if (report === undefined) throw new Error('the run was interrupted');
  return report;
}

/** What functions do: each dies once after the third time that it did one of these. */
const DEEDS = [
  ...['PutItem', 'UpdateItem', 'TransactWriteItems', 'GetItem', 'Query', 'BatchGetItem', 'BatchWriteItem'].map(
    (operation) => ({ service: 'dynamodb', operation }),
  ),
  ...['SendMessage', 'SendMessageBatch'].map((operation) => ({ service: 'sqs', operation })),
  ...['Publish', 'PublishBatch'].map((operation) => ({ service: 'sns', operation })),
  { service: 'kinesis', operation: 'PutRecords' },
  { service: 's3', operation: 'PutObject' },
  { service: 'ses', operation: 'SendEmail' },
] as const;
const DIES_AT = 3;
const OFTEN = 3 * DIES_AT;

/** Kills every function of the stack once after each kind of thing that it does. */
export function killEach({ engine, kills }: Running): void {
  const names = engine.stacks.flatMap(({ resources }) =>
    Object.values(resources).flatMap(({ type, physicalId }) => (type === 'AWS::Lambda::Function' ? [physicalId] : [])),
  );
  for (const functionName of names)
    for (const deed of DEEDS)
      kills.push(engine.services.faults.add({ ...deed, functionName, when: 'after', action: 'kill', nth: DIES_AT }));
}

/** Those that happened. */
export const killsMade = ({ kills }: Pick<Running, 'kills'>): readonly Made[] =>
  kills
    .filter(({ fired }) => fired > 0)
    .map(({ functionName, service, operation }) => ({ kind: 'kill', functionName, service, operation }) as Made);

/** What killed functions held comes back soon. */
export async function shortenVisibility({ world }: Running, seconds: number): Promise<void> {
  for (const { url } of world.deployed.queues) {
    const Attributes = { VisibilityTimeout: String(seconds) };
    await world.clients.sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes }));
  }
}

/** What the run left in CloudWatch. */
export interface Watched {
  readonly alarms: readonly MetricAlarm[];
  /** Rows of dashboards, and inputs of alarms, that have no data, in words. */
  readonly empty: () => Promise<string[]>;
  close(): void;
}

/** Counted only when it happens: zeros would be one custom metric more for every consumer. */
const ONLY_WHEN_IT_HAPPENS = /-dead-letters-failed$/;
/** What has a value only while the lag grows, or only while it shrinks. */
const isForecast = (title: string): boolean => title.startsWith('Forecast: ');

export async function watched({ world, from }: Running): Promise<Watched> {
  const cloudwatch = new CloudWatchClient({});
  const { MetricAlarms: alarms = [] } = await cloudwatch.send(
    new DescribeAlarmsCommand({ AlarmTypes: ['MetricAlarm'] }),
  );
  const { graphs } = await dashboardContents(cloudwatch, world.stackName);
  return {
    alarms,
    async empty() {
      const found: string[] = [];
      for (const graph of graphs) {
        const rows = await emptyRows(cloudwatch, graph, from);
        const isFine = isForecast(graph.title) ? rows.length < graph.drawn.length : rows.length === 0;
        if (!isFine) found.push(`'${graph.title}' has no data for ${rows.join(', ')}`);
      }
      for (const { AlarmName = '', Metrics = [], ...single } of alarms) {
        if (ONLY_WHEN_IT_HAPPENS.test(AlarmName)) continue;
        const { Namespace, MetricName, Dimensions, Statistic, ExtendedStatistic, Period } = single;
        const Stat = Statistic ?? ExtendedStatistic;
        const one = [{ Id: 'm1', MetricStat: { Metric: { Namespace, MetricName, Dimensions }, Stat, Period } }];
        const queries: readonly MetricDataQuery[] = Metrics.length > 0 ? Metrics : one;
        const drawn = queries.filter(({ ReturnData }) => ReturnData !== false).map(({ Id = '' }) => Id);
        const rows = await emptyRows(cloudwatch, { title: AlarmName, queries, drawn }, from);
        if (rows.length > 0) found.push(`alarm ${AlarmName} has no data`);
      }
      return found;
    },
    close: () => cloudwatch.destroy(),
  };
}

/** Grants that nothing in the run needed. */
export const unneeded = ({ engine, demands }: Running): readonly OwnedGrant[] =>
  unneededGrants(engine.services.iam, demands);
