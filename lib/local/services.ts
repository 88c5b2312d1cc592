import type { Account } from './account/account.ts';
import { createMetrics, type Metrics } from './cloudwatch/metrics/metrics.ts';
import { createScaledTime } from './cloudwatch/metrics/scaled-time.ts';
import { createCapacityMeter, createDynamodbMeter } from './cloudwatch/service-metrics/dynamodb-metrics.ts';
import { createKinesisMeter } from './cloudwatch/service-metrics/kinesis-metrics.ts';
import type { RequestMeter } from './cloudwatch/service-metrics/request-meter.ts';
import { answer, type RouteHandler } from './dispatch.ts';
import { type Dynamodb, startDynamodb } from './dynamodb/gateway.ts';
import { createThroughput } from './dynamodb/throughput.ts';
import { type Endpoint, startEndpoint } from './endpoint.ts';
import { faultsRoute } from './faults/route.ts';
import { createFaults, type Faults, type FaultTrigger } from './faults.ts';
import { createIam, type Iam, rolePrincipal } from './iam.ts';
import { createIdentities, type Identities } from './identities.ts';
import { createKinesis } from './kinesis.ts';
import type { NotifyFunction } from './messaging/messages/delivery.ts';
import type { Access } from './messaging/resource-policies.ts';
import { type Messaging, type QueueDepth, startMessaging } from './messaging.ts';
import type { ServiceHandler } from './service.ts';
import { createSes } from './ses.ts';
import { placeState } from './state/place.ts';
import type { State } from './state/state.ts';

export type { RouteHandler } from './dispatch.ts';

export interface ServicesOptions {
  /** Port on 127.0.0.1. Default 0: any free port. */
  readonly port?: number;
  /** Default us-east-1. */
  readonly region?: string;
  /** How often expired DynamoDB items are looked for, in ms. Default 1,000 (AWS: within a few days). */
  readonly ttlSweepMs?: number;
  /** Divides the long waits of queues: retention, the time between purges. Default 1. */
  readonly timeScale?: number;
  /** Keeps what the services hold over a restart; the caller closes it after them. Without one it is gone with the process. */
  readonly state?: State;
  /** false: everybody may do everything. Default true: roles and policies decide. */
  readonly iam?: boolean;
  /** What the account grants. Without one there are no quotas. */
  readonly account?: Account;
  /** Told, in words, of everything that a quota of the account stops. */
  readonly onThrottled?: (what: string) => void;
}

/** The data services of the engine behind one endpoint. */
export interface Services {
  /** `http://127.0.0.1:PORT`: what AWS_ENDPOINT_URL has to be. */
  readonly url: string;
  readonly port: number;
  readonly region: string;
  readonly account: string;
  /**
   * Adds a service, or replaces one, by its signing name (`lambda`, `cloudformation`, `events`, `scheduler`).
   * Callers' policies and faults apply to it as to the built-in ones.
   */
  register(service: string, handler: ServiceHandler): void;
  /**
   * Answers every path that starts with the prefix (`/_sluice/functions`), before any service is looked at; the longest prefix wins.
   * A second handler for a prefix takes the place of the first.
   */
  route(prefix: string, handler: RouteHandler): void;
  unroute(prefix: string): void;
  /** Where what outlives the engine is kept; undefined: nowhere. */
  readonly state: State | undefined;
  readonly identities: Identities;
  readonly faults: Faults & FaultTrigger;
  readonly iam: Iam;
  /** What the services count. */
  readonly metrics: Metrics;
  readonly streamActivity: {
    /** Calls the listener after records were appended to the DynamoDB stream with this ARN; returns how to stop. */
    onAppend(arn: string, listener: () => void): () => void;
  };
  /** How full the queues are. */
  depths(): readonly QueueDepth[];
  /** Says how topics reach the functions that subscribe to them. */
  notifyFunctionsWith(notify: NotifyFunction): void;
  /** Stops everything that was started: sockets, timers and files. */
  close(): Promise<void>;
}

/** The account fauxqs is in. */
export const ACCOUNT = '000000000000';
export const DEFAULT_REGION = 'us-east-1';

/**
 * Starts SQS, SNS, S3, STS (fauxqs), Kinesis, DynamoDB with streams (dynalite and the gateway) and SES.
 * @throws Error that names the port when it is in use.
 */
export async function startServices(options: ServicesOptions = {}): Promise<Services> {
  const { state, account, timeScale = 1, onThrottled = () => undefined } = options;
  const region = options.region ?? DEFAULT_REGION;
  const identities = createIdentities();
  const faults = createFaults();
  let messaging: Messaging | undefined;
  let dynamodb: Dynamodb | undefined;
  const iam = createIam({
    account: ACCOUNT,
    region,
    enforced: options.iam,
    protectionOf: (arn) => messaging?.protectionOf(arn),
    partitionKeyOf: (table) => dynamodb?.partitionKeyOf(table),
  });
  const metrics = createMetrics(createScaledTime(timeScale));
  const meters = new Map<string, RequestMeter>([
    ['dynamodb', createDynamodbMeter(metrics)],
    ['kinesis', createKinesisMeter(metrics)],
  ]);
  const handlers = new Map<string, ServiceHandler>();
  const routes: [string, RouteHandler][] = [];
  const unroute = (prefix: string) => {
    const index = routes.findIndex(([known]) => known === prefix);
    if (index >= 0) routes.splice(index, 1);
  };
  let closing: Promise<void> | undefined;
  const isClosing = () => closing !== undefined;

  const endpoint: Endpoint = await startEndpoint({
    port: options.port ?? 0,
    idleMs: account && Math.ceil(account.http.idleSeconds * 1_000),
    async answer(wire) {
      const outcome = await answer(wire, { region, identities, faults, iam, handlers, meters, routes, isClosing });
      // Nothing is acknowledged, or shown, that a killed process would take with it.
      await state?.settled();
      return outcome;
    },
  });
  // In this order: no more calls, then what would have answered them.
  const closers: (() => Promise<void>)[] = [() => endpoint.close()];
  const closeAll = async () => {
    for (const closer of closers) await closer();
  };
  const close = () => {
    closing ??= closeAll();
    return closing;
  };
  const url = `http://127.0.0.1:${endpoint.port}`;
  let notifyFunction: NotifyFunction = (_topicArn, functionArn) => {
    throw new Error(`there are no functions: ${functionArn}`);
  };
  try {
    if (state !== undefined) placeState(state, { region, url });
    const kinesis = createKinesis({
      ...{ region, account: ACCOUNT, state },
      ...{ quotas: account?.kinesis, timeScale, onThrottled },
    });
    closers.push(async () => kinesis.close());
    dynamodb = await startDynamodb({
      ...{ region, account: ACCOUNT, ttlSweepMs: options.ttlSweepMs, state },
      capacity: createCapacityMeter(metrics),
      ...(account && {
        transactionMs: account.dynamodb.transactionMs,
        throughput: createThroughput({ limits: account.dynamodb, timeScale, onThrottled }),
      }),
    });
    closers.push(dynamodb.close);
    messaging = await startMessaging({
      region,
      account: ACCOUNT,
      access: accessOf(iam),
      holdBack: (queueName) => holdBack(queueName, faults),
      state,
      metrics,
      timeScale,
      notify: (topicArn, functionArn, event) => notifyFunction(topicArn, functionArn, event),
    });
    closers.push(messaging.close);
    meters.set('sqs', messaging.queueMeter);
    const ses = createSes({ region, state, quotas: account?.ses, timeScale, onThrottled });
    handlers.set('kinesis', kinesis.handle);
    handlers.set('dynamodb', dynamodb.handle);
    for (const [name, handler] of Object.entries(messaging.handlers)) handlers.set(name, handler);
    handlers.set('ses', ses.handle);
    routes.push(
      ['/_aws/ses', ses.mailbox],
      ['/_sluice/identities', ses.verification],
      ['/_sluice/faults', faultsRoute(faults)],
    );
    return {
      url,
      port: endpoint.port,
      region,
      account: ACCOUNT,
      register: (service, handler) => void handlers.set(service, handler),
      route(prefix, handler) {
        unroute(prefix);
        routes.push([prefix, handler]);
        routes.sort(([a], [b]) => b.length - a.length);
      },
      unroute,
      state,
      identities,
      faults,
      iam,
      metrics,
      streamActivity: dynamodb.streamActivity,
      depths: messaging.depths,
      notifyFunctionsWith(notify) {
        notifyFunction = notify;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** How long a message waits before it can be received, in milliseconds. */
function holdBack(queueName: string, faults: FaultTrigger): number {
  const caller = { accessKeyId: 'engine', functionName: queueName };
  const strike = faults.at({ service: 'sqs', operation: 'Enqueue', when: 'before', caller });
  return strike?.action === 'reorder' ? strike.ms : 0;
}

const BUCKET_POLICY = 'bucket-policy';

/** Topics ask the queues they deliver to, and buckets have their policies in the one place where they are looked at. */
function accessOf({ refuse, resources, problemIn }: Iam): Access {
  const arnOf = (bucket: string) => `arn:aws:s3:::${bucket}`;
  return {
    maySend: (sourceArn, queueArn) =>
      refuse({ kind: 'service', service: 'sns.amazonaws.com', sourceArn }, 'sqs:SendMessage', queueArn) === undefined,
    problemIn,
    listingRefused({ roleArn, functionName, session = functionName ?? 'session' }, bucket) {
      if (roleArn === undefined) return undefined;
      return refuse(rolePrincipal(roleArn, session), 's3:ListBucket', arnOf(bucket))?.message;
    },
    bucketPolicies: {
      put: (bucket, text) => resources.put(arnOf(bucket), BUCKET_POLICY, JSON.parse(text)),
      get(bucket) {
        const policy = resources.of(arnOf(bucket)).get(BUCKET_POLICY);
        return policy && JSON.stringify(policy);
      },
      remove: (bucket) => resources.remove(arnOf(bucket), BUCKET_POLICY),
    },
  };
}
