import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NEW_TABLE } from '../../contracts/declaring/table-capacity.ts';
import type { Usage } from './charge.ts';
import type { Deployed, DeployedLog } from './system-cost.ts';

interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

const templateOf = (assembly: string, stack: string): string => join(assembly, `${stack}.template.json`);

/** Whether an assembly has a stack: one may be synthesised with some systems only. */
export const isSynthesised = (assembly: string, stack: string): boolean => existsSync(templateOf(assembly, stack));

/**
 * Reads what costs without traffic from a synthesised stack: alarms, dashboards, keys; how much memory its functions have, and what its stage has made of its logs.
 * @param assembly folder of a cloud assembly, such as cdk.out
 * @throws Error naming the template that is not there
 */
export function deployedIn(assembly: string, stack: string): Deployed {
  const file = templateOf(assembly, stack);
  if (!existsSync(file)) {
    throw new Error(
      `--assembly ${assembly} has no template of stack '${stack}' (${file}). Synthesise it first: npx cdk synth -q -c stage=NAME; --stage names the same stage`,
    );
  }
  const { Resources = {} } = JSON.parse(readFileSync(file, 'utf8')) as {
    Resources?: Readonly<Record<string, Resource>>;
  };
  const resources = Object.values(Resources);
  const part = `stack ${stack}`;
  const count = (type: string) => resources.filter(({ Type }) => Type === type).length;
  const watched = resources
    .filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm')
    .reduce((sum, alarm) => sum + metricsOf(alarm), 0);
  const usages: Usage[] = [
    { part, price: 'alarms', quantity: watched },
    { part, price: 'compositeAlarms', quantity: count('AWS::CloudWatch::CompositeAlarm') },
    { part, price: 'dashboards', quantity: count('AWS::CloudWatch::Dashboard') },
    { part, price: 'keys', quantity: count('AWS::KMS::Key') },
  ];
  return {
    usages,
    once: Object.entries(Resources).flatMap(([id, one]) => warmUsage(id, one)),
    memoryMib: new Map(resources.flatMap((one) => memoryOf(one, stack))),
    logs: new Map(resources.flatMap((one) => logOf(one, stack))),
  };
}

/** What a table is warmed for beyond what a new one takes. */
function warmUsage(logicalId: string, { Properties = {} }: Resource): Usage[] {
  const warm = (Properties.WarmThroughput ?? {}) as Readonly<Record<string, unknown>>;
  const part = `table ${logicalId}`;
  const beyond = (given: unknown, fresh: number): number => Math.max(0, Number(given ?? 0) - fresh);
  const usages: Usage[] = [
    { part, price: 'dynamodbWarmWrite', quantity: beyond(warm.WriteUnitsPerSecond, NEW_TABLE.write) },
    { part, price: 'dynamodbWarmRead', quantity: beyond(warm.ReadUnitsPerSecond, NEW_TABLE.read) },
  ];
  return usages.filter(({ quantity }) => quantity > 0);
}

/** Metric math is charged by the metrics it reads, not by its expressions. */
function metricsOf({ Properties = {} }: Resource): number {
  const { Metrics } = Properties;
  if (!Array.isArray(Metrics)) return 1;
  return Metrics.filter((one: unknown) => typeof one === 'object' && one !== null && 'MetricStat' in one).length;
}

/** Functions are named `STACK-NAME`, where NAME is a subscription, or an outbox with `-relay`. */
function memoryOf({ Type, Properties = {} }: Resource, stack: string): (readonly [string, number])[] {
  const { FunctionName, MemorySize } = Properties;
  if (Type !== 'AWS::Lambda::Function' || typeof FunctionName !== 'string' || typeof MemorySize !== 'number') return [];
  return FunctionName.startsWith(`${stack}-`) ? [[FunctionName.slice(stack.length + 1), MemorySize]] : [];
}

const SECONDS_PER_HOUR = 3_600;
const DEFAULT_HOURS = 24;

/** Streams are named `STACK-NAME`. */
function logOf({ Type, Properties = {} }: Resource, stack: string): (readonly [string, DeployedLog])[] {
  const { Name, ShardCount, RetentionPeriodHours = DEFAULT_HOURS } = Properties;
  if (Type !== 'AWS::Kinesis::Stream' || typeof Name !== 'string' || !Name.startsWith(`${stack}-`)) return [];
  const shards = typeof ShardCount === 'number' ? ShardCount : undefined;
  const capacity = shards === undefined ? 'on-demand' : 'provisioned';
  const retentionSeconds = Number(RetentionPeriodHours) * SECONDS_PER_HOUR;
  return [[Name.slice(stack.length + 1), { capacity, shards: shards ?? 1, retentionSeconds }]];
}
