import type { AwsCalls } from '../call.ts';
import type { Iam } from '../iam.ts';
import type { JsonObject } from '../json.ts';
import type { State } from '../state/state.ts';
import { type Alarms, createAlarms } from './alarms/alarms.ts';
import { createDashboards, type Dashboards } from './dashboards/dashboards.ts';
import type { Metrics } from './metrics/metrics.ts';

const SECOND_MS = 1_000;
/** How often alarms with periods below a minute are looked at; the others are every minute. */
const TICK_MS = 10 * SECOND_MS;
const MINUTE_MS = 60 * SECOND_MS;
const SNS_VERSION = '2010-03-31';

/** Alarms and dashboards over the metrics of the engine. */
export interface CloudWatch {
  readonly metrics: Metrics;
  readonly alarms: Alarms;
  readonly dashboards: Dashboards;
  readonly accountId: string;
  /** Begins to sample gauges and to evaluate alarms, once a scaled minute. */
  start(): void;
  close(): Promise<void>;
}

export interface CloudWatchContext {
  readonly metrics: Metrics;
  readonly calls: AwsCalls;
  readonly iam: Pick<Iam, 'refuse'>;
  readonly region: string;
  readonly accountId: string;
  readonly report: (text: string) => void;
  /** Takes the events of state changes. */
  readonly onEvent: (event: JsonObject) => void;
  /** Keeps alarms and dashboards over a restart; metrics are not kept. */
  readonly state?: State | undefined;
}

export function createCloudWatch(context: CloudWatchContext): CloudWatch {
  const { metrics, calls, iam } = context;
  const { time } = metrics;
  const alarms = createAlarms({
    ...context,
    async publish(sourceArn, TopicArn, Subject, Message) {
      // The topic's policy decides, and its key's: alarms on a topic under a key that does not let CloudWatch in reach nobody.
      const service = { kind: 'service', service: 'cloudwatch.amazonaws.com', sourceArn } as const;
      const refused = iam.refuse(service, 'sns:Publish', TopicArn);
      if (refused !== undefined) throw new Error(refused.message);
      await calls.query('sns', 'Publish', SNS_VERSION, { TopicArn, Subject, Message });
    },
  });
  let timer: NodeJS.Timeout | undefined;
  let lastMinute = boundary(MINUTE_MS);

  /** The last multiple of a length of time that has passed, scaled milliseconds. */
  function boundary(lengthMs: number): number {
    return Math.floor(time.now() / lengthMs) * lengthMs;
  }

  /** Wakes at the next boundary of the scaled clock. Boundaries missed by a busy machine are not made up for. */
  function plan(): void {
    const next = boundary(TICK_MS) + TICK_MS;
    timer = setTimeout(
      () => {
        tick();
        plan();
      },
      Math.max(1, Math.ceil((next - time.now()) / time.scale)),
    );
  }

  function tick(): void {
    const minute = boundary(MINUTE_MS);
    if (minute > lastMinute) {
      lastMinute = minute;
      // Gauges belong to the minute that ends here, and count for the evaluation that follows.
      metrics.sample(minute - 1);
      alarms.evaluate(minute, (periodSeconds) => periodSeconds * SECOND_MS >= MINUTE_MS);
    }
    const now = boundary(TICK_MS);
    alarms.evaluate(now, (periodSeconds) => periodSeconds * SECOND_MS < MINUTE_MS);
  }

  return {
    metrics,
    alarms,
    accountId: context.accountId,
    dashboards: createDashboards(() => time.real(time.now()), context.state),
    start: plan,
    async close() {
      clearTimeout(timer);
      await alarms.close();
    },
  };
}
