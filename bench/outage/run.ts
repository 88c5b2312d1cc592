import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';
import { maxReceiveCountOf } from '../../lib/contracts/subscriptions/delivery-numbers.ts';
import { type Machine, machine, ownVersion } from '../machine.ts';
import { LANES } from './contract.ts';
import { type LaneResult, measureLane, type Outage, type WorkItem } from './measure.ts';
import { type Provider, startProvider } from './provider.ts';
import { type OutageSystem, startSystem } from './system.ts';
import { sendSteadily } from './traffic.ts';

/** How long, and how much. */
export interface OutagePlan {
  /** Messages a second, to each lane. */
  readonly perSecond: number;
  readonly secondsBefore: number;
  readonly secondsDown: number;
  readonly secondsAfter: number;
  /** Divides the minute of the breaker controller's schedule; 1 is as deployed. */
  readonly timeScale: number;
}

export const FULL_OUTAGE: OutagePlan = {
  ...{ perSecond: 20, secondsBefore: 60, secondsDown: 120, secondsAfter: 60 },
  timeScale: 1,
};
export const QUICK_OUTAGE: OutagePlan = {
  ...{ perSecond: 20, secondsBefore: 3, secondsDown: 6, secondsAfter: 3 },
  timeScale: 30,
};

/** Something the breaker or its controller did. */
export interface Moment {
  /** From the beginning of the outage. */
  readonly seconds: number;
  readonly subscription: string;
  readonly what: string;
}

export interface LaneReport extends LaneResult {
  /** Receives at which the queue itself would give a message up. */
  readonly receivesAllowed: number;
}

export interface OutageResult {
  readonly bench: 'outage';
  readonly date: string;
  readonly version: string;
  readonly machine: Machine;
  readonly plan: OutagePlan;
  readonly lanes: Readonly<Record<string, LaneReport>>;
  readonly moments: readonly Moment[];
}

/** Messages that say what the breakers did. */
const [OFF, ON] = ['mapping off', 'mapping on'];
const TOLD: ReadonlySet<string> = new Set(['breaker open', 'breaker closed', OFF, 'mapping trial', ON]);
const MILLIS_PER_SECOND = 1_000;
const POLL_MILLIS = 500;
/** The longest pause of a breaker, a minute of the controller, and room. */
const REST_TIMEOUT_MILLIS = 900_000;

/** Steady traffic, and a provider that is down for a while in the middle of it. @param progress told what happens now */
export async function benchOutage(plan: OutagePlan, progress: (text: string) => void): Promise<OutageResult> {
  progress('bundling, starting the engine');
  // Now, and not when it ends: the files may have changed by then.
  const version = ownVersion();
  const lines: string[] = [];
  const provider = await startProvider();
  let system: OutageSystem | undefined;
  const sqs = new SQSClient({});
  const dynamodb = DynamoDBDocumentClient.from(new DynamoDBClient({}));
  try {
    system = await startSystem(provider.url, plan.timeScale, (line) => lines.push(line));
    const { secondsBefore, secondsDown, secondsAfter, perSecond } = plan;
    const lanes = LANES.map((lane) => ({ lane, url: system?.queueUrl(lane.name) ?? '' }));
    progress(`${perSecond} messages a second to each of ${lanes.length} queues`);
    const seconds = secondsBefore + secondsDown + secondsAfter;
    const [sent, outage] = await Promise.all([
      sendSteadily(sqs, lanes, { perSecond, seconds }),
      causeOutage(provider, plan, progress),
    ]);
    progress('the traffic ends; waiting for rest');
    await rest(sqs, system, lines);
    const items = await scan(dynamodb, system.workTable);
    const reports: [string, LaneReport][] = [];
    for (const lane of LANES) {
      const deadLetters = await depth(sqs, system.deadLettersUrl(lane.name));
      const calls = provider.callsOf(lane.name);
      const ordered = lane.order === 'per-key';
      const stopped = tellings(lines).find(
        ({ subscription, message }) => subscription === lane.name && message === OFF,
      );
      const stoppedAt = stopped === undefined ? undefined : Date.parse(stopped.timestamp);
      const seen = { deadLetters, calls, outage, stoppedAt };
      const measured = measureLane({ name: lane.name, ordered }, sent, items, seen);
      reports.push([lane.name, { ...measured, receivesAllowed: maxReceiveCountOf(lane) }]);
    }
    return {
      bench: 'outage',
      date: new Date().toISOString(),
      version,
      machine: machine(),
      plan,
      lanes: Object.fromEntries(reports),
      moments: momentsOf(lines, outage),
    };
  } finally {
    sqs.destroy();
    dynamodb.destroy();
    await system?.close();
    await provider.close();
  }
}

async function causeOutage(
  provider: Provider,
  { secondsBefore, secondsDown }: OutagePlan,
  progress: (text: string) => void,
): Promise<Outage> {
  await sleep(secondsBefore * MILLIS_PER_SECOND);
  const downAt = Date.now();
  provider.down = true;
  progress('the provider is down');
  await sleep(secondsDown * MILLIS_PER_SECOND);
  const upAt = Date.now();
  provider.down = false;
  progress('the provider is back');
  return { downAt, upAt };
}

/** Waits until the queues are empty and the mappings run as declared again. */
async function rest(sqs: SQSClient, system: OutageSystem, lines: readonly string[]): Promise<void> {
  const deadline = performance.now() + REST_TIMEOUT_MILLIS;
  const switched = LANES.filter(({ breaker }) => breaker !== undefined).map(({ name }) => name);
  for (;;) {
    const waiting = await Promise.all(LANES.map(({ name }) => depth(sqs, system.queueUrl(name))));
    const mode = new Map(tellings(lines).map(({ subscription, message }) => [subscription, message]));
    const asDeclared = switched.every((name) => mode.get(name) === ON);
    if (waiting.every((count) => count === 0) && asDeclared) return;
    if (performance.now() > deadline) {
      const words = LANES.map(({ name }, i) => `${name}: ${waiting[i]} waiting, ${mode.get(name) ?? 'never switched'}`);
      throw new Error(`no rest after ${REST_TIMEOUT_MILLIS / MILLIS_PER_SECOND} s: ${words.join('; ')}`);
    }
    await sleep(POLL_MILLIS);
  }
}

async function depth(sqs: SQSClient, QueueUrl: string): Promise<number> {
  const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...names] }));
  return names.reduce((sum, name) => sum + Number(Attributes?.[name]), 0);
}

async function scan(client: DynamoDBDocumentClient, TableName: string): Promise<WorkItem[]> {
  const items: WorkItem[] = [];
  for await (const { Items = [] } of paginateScan({ client }, { TableName, ConsistentRead: true }))
    items.push(...Items);
  return items;
}

interface Telling {
  readonly message: string;
  readonly subscription: string;
  readonly timestamp: string;
}

/** What breakers and controller said, in the order they said it. */
const tellings = (lines: readonly string[]): Telling[] =>
  lines
    .filter((line) => line.startsWith('{"level"'))
    .flatMap((line) => {
      const told = JSON.parse(line) as Telling;
      return TOLD.has(told.message) ? [told] : [];
    });

/** Each change once: several instances may find a breaker open at the same time. */
function momentsOf(lines: readonly string[], { downAt }: Outage): Moment[] {
  const moments: Moment[] = [];
  const last = new Map<string, string>();
  for (const { message, subscription, timestamp } of tellings(lines)) {
    if (last.get(subscription) === message) continue;
    last.set(subscription, message);
    moments.push({ seconds: (Date.parse(timestamp) - downAt) / MILLIS_PER_SECOND, subscription, what: message });
  }
  return moments;
}
