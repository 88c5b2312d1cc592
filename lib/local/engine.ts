import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Account } from './account/account.ts';
import { readAssembly } from './assembly.ts';
import { createAwsCalls } from './call.ts';
import { cloudformationApi } from './cloudformation.ts';
import { cloudwatchApi } from './cloudwatch/api/api.ts';
import { createCloudWatch } from './cloudwatch/cloudwatch.ts';
import { readEmf } from './cloudwatch/metrics/emf.ts';
import {
  createAsyncMeter,
  createIteratorAgeMeter,
  type Invocation,
  meterFunctions,
} from './cloudwatch/service-metrics/lambda-metrics.ts';
import { createTargetMeter } from './cloudwatch/service-metrics/target-metrics.ts';
import { eventsApi } from './events/api.ts';
import { createEventBus } from './events/bus.ts';
import { clockSkew } from './faults/clock-skew.ts';
import { faultyDeliveries } from './faults/deliveries.ts';
import type { RandomFaults } from './faults.ts';
import { iamApi } from './iam/api.ts';
import { lambdaApi } from './lambda/api.ts';
import { createAsyncInvocations } from './lambda/async-invocations.ts';
import type { FunctionDefinition, FunctionLog } from './lambda/definition.ts';
import { functionNotFound } from './lambda/errors.ts';
import { waitsOf } from './lambda/event-waits.ts';
import { functionNameOf } from './lambda/function-names.ts';
import { createFunctions } from './lambda/functions.ts';
import { permittedLog } from './lambda/log-permission.ts';
import { logsApi } from './logs/api.ts';
import { createLogStore } from './logs/log-store.ts';
import { textLine } from './logs/text-line.ts';
import { missingPermissions } from './mappings/configuration/role-permissions.ts';
import { createLoadMeter } from './mappings/delivery/load.ts';
import { createMappings } from './mappings/mappings.ts';
import type { StackInfo } from './provision/resources/deployed.ts';
import type { Change } from './provision/stacks/changes.ts';
import { createDeployments } from './provision/stacks/deployments.ts';
import { createRoleCalls } from './role-calls.ts';
import { schedulerApi } from './schedules/api.ts';
import { createSchedules } from './schedules/schedules.ts';
import type { Services } from './services.ts';
import { startServices } from './services.ts';
import { openState } from './state/state.ts';
import { readVitals, type Vitals } from './vitals.ts';

export { type Account, DEFAULT_ACCOUNT, NEW_ACCOUNT } from './account/account.ts';
export type { Invocation } from './cloudwatch/service-metrics/lambda-metrics.ts';
export type { FunctionDefinition, FunctionLog } from './lambda/definition.ts';
export type { StackInfo, StackResource } from './provision/resources/deployed.ts';
export { type Change, describeChange } from './provision/stacks/changes.ts';
export type { Vitals } from './vitals.ts';

/** Port of the endpoint unless another is asked for: where tools look for a local AWS. */
export const DEFAULT_PORT = 4566;
/** How long `close` lets running invocations finish before it ends them. */
export const CLOSE_GRACE_MS = 2000;

export interface EngineOptions {
  /** Directory of the cloud assembly (`cdk.out`). */
  readonly assembly: string;
  /** Port on 127.0.0.1; 0: any free one. Default 4566. */
  readonly port?: number;
  /** Default us-east-1. */
  readonly region?: string;
  /** Called for every line that functions write. */
  readonly onLog?: (line: FunctionLog) => void;
  /** Called once for everything that is accepted but not done here, and for trouble outside the functions. */
  readonly onNotice?: (text: string) => void;
  /** Called for every invocation that has come to its end. */
  readonly onInvocation?: (invocation: Invocation) => void;
  /**
   * Divides long waits: those of schedules (at 60 a rate of one minute runs every second), the retention of messages, the time between
   * purges, the age of records that mappings give up, the periods of CloudWatch. Default 1.
   */
  readonly timeScale?: number;
  /** Workers alive at a time. Default 32. */
  readonly maxWorkers?: number;
  /** How often expired DynamoDB items are looked for, in ms. Default 1,000. */
  readonly ttlSweepMs?: number;
  /** false: roles and policies are not looked at. Default true. */
  readonly iam?: boolean;
  /**
   * What the account grants, in numbers (docs/engine-account.md). Default: no quotas but Lambda's of 1,000 executions, retries of events
   * after a second at most, functions that go on between events.
   */
  readonly account?: Account;
  /** Faults by chance, from when the app runs. Default none. */
  readonly faults?: RandomFaults;
  /**
   * Directory that keeps everything over a restart, also one after a kill; made when it is not there. Without it all is in memory.
   * The assembly is deployed over what it holds.
   */
  readonly data?: string;
  /** Called with what a deployment over existing stacks will change, before it changes anything. */
  readonly onChanges?: (changes: readonly Change[]) => void;
}

/** A running engine. */
export interface Engine {
  /** `http://127.0.0.1:PORT`: the value for AWS_ENDPOINT_URL. */
  readonly url: string;
  readonly services: Services;
  readonly stacks: readonly StackInfo[];
  readonly functions: readonly FunctionDefinition[];
  /** What is accepted but not done here, and trouble so far. */
  readonly notices: readonly string[];
  /** Events running or accepted and not done: 0 when the functions are at rest. */
  readonly busy: number;
  /** What waits, what was given up, which alarms are in ALARM. */
  vitals(): Vitals;
  /**
   * Deploys an assembly over what runs: what differs is created, changed in place, replaced or deleted; data stays.
   * Deployments run one after the other.
   * @param assembly its directory; by default the one the engine was started with, read again
   * @returns what was changed
   * @throws AssemblyError, TemplateError, ProvisionError; the running app is then as it was
   */
  deploy(assembly?: string): Promise<readonly Change[]>;
  /** Stops everything: pollers first, then functions (after a short grace), then the services. */
  close(): Promise<void>;
}

/**
 * Provisions a cloud assembly on this machine and runs it.
 * @throws AssemblyError, TemplateError, ProvisionError, StateError, or an Error that names the port when it is in use; nothing is left
 * running then, and a data directory is as it was, but for resources that DeletionPolicy Retain keeps
 */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const assembly = readAssembly(options.assembly);
  const notices = new Set<string>();
  const notice = (text: string): void => {
    if (notices.has(text)) return;
    notices.add(text);
    options.onNotice?.(text);
  };
  const timeScale = options.timeScale === undefined ? {} : { timeScale: options.timeScale };
  const state = options.data === undefined ? undefined : openState(options.data);
  const services = await startServices({
    port: options.port ?? DEFAULT_PORT,
    ...(options.region === undefined ? {} : { region: options.region }),
    ...(options.ttlSweepMs === undefined ? {} : { ttlSweepMs: options.ttlSweepMs }),
    ...(options.iam === undefined ? {} : { iam: options.iam }),
    ...(options.account === undefined ? {} : { account: options.account }),
    ...timeScale,
    ...(state === undefined ? {} : { state }),
    onThrottled: (text) => notice(`Throttled: ${text}`),
  }).catch((error: unknown) => {
    state?.close();
    throw error;
  });
  const { region, account: accountId, url, metrics } = services;
  const scratch = mkdtempSync(join(tmpdir(), 'sluice-engine-'));
  const calls = createAwsCalls(url, region);
  const base = { calls, callsAs: createRoleCalls(calls, services.identities), region, accountId, report: notice };
  services.iam.onDenial(({ message }) => notice(`AccessDenied: ${message}`));
  const logs = createLogStore();
  const onLog = (log: FunctionLog): void => {
    const group = functions.find(log.function)?.logGroup ?? log.function;
    logs.write(group, log.stream, textLine(log, new Date()));
    readEmf(log.line, group, metrics);
    if (!log.platform) options.onLog?.(log);
  };
  const workers = createFunctions({
    region,
    accountId,
    endpoint: url,
    issueCredentials: services.identities.issue,
    revokeCredentials: services.identities.revoke,
    onLog: permittedLog({ iam: services.iam, find: (name) => functions.find(name), region, account: accountId }, onLog),
    report: notice,
    clockSkewMs: (functionName) => clockSkew(functionName, services.faults),
    state,
    limits: options.account?.lambda,
    freezes: options.account?.lambda.freezes ?? false,
    ...(options.maxWorkers === undefined ? {} : { maxWorkers: options.maxWorkers }),
  });
  const functions = meterFunctions(workers, metrics, options.onInvocation);
  const deliveries = (inOrder: boolean) => faultyDeliveries(functions, services.faults, inOrder);
  const observer = createAsyncMeter(metrics);
  const waits = waitsOf(options.account, options.timeScale);
  const asyncInvocations = createAsyncInvocations({ ...base, functions: deliveries(false), observer, waits }, state);
  const mappings = createMappings(
    {
      ...base,
      functions,
      deliveries,
      missingPermissions: (config, definition) => missingPermissions(config, definition, services.iam),
      processorsAreBusy: createLoadMeter(),
      ...timeScale,
      onStreamAppend: services.streamActivity.onAppend,
      onStreamBatch: createIteratorAgeMeter(metrics),
    },
    state,
  );
  const meter = createTargetMeter(metrics);
  const schedules = createSchedules({ ...base, iam: services.iam, meter, ...timeScale }, state);
  const events = createEventBus({ ...base, iam: services.iam, meter });
  const cloudwatch = createCloudWatch({ ...base, iam: services.iam, metrics, onEvent: events.put, state });
  const deployments = createDeployments({
    context: {
      ...{ services, calls, functions, asyncInvocations, mappings, schedules, events, cloudwatch, logs },
      ...{ region, accountId, scratch, notice },
      managedPolicies: new Map(),
      roles: new Map(),
    },
    state,
    onChanges: options.onChanges ?? (() => undefined),
  });
  services.faults.onKill((caller) => {
    if (caller.functionName !== undefined && caller.instance !== undefined)
      functions.kill(caller.functionName, caller.instance);
  });
  services.notifyFunctionsWith((sourceArn, functionArn, event) => {
    const topic = { kind: 'service', service: 'sns.amazonaws.com', sourceArn } as const;
    const refused = services.iam.refuse(topic, 'lambda:InvokeFunction', functionArn);
    if (refused !== undefined) throw new Error(refused.message);
    if (!functions.find(functionArn)) throw functionNotFound(functionArn);
    asyncInvocations.send(functionNameOf(functionArn), event);
  });
  services.register('lambda', lambdaApi({ functions, asyncInvocations, mappings, region, accountId }));
  services.register('cloudformation', cloudformationApi(deployments));
  services.register('iam', iamApi({ roles: services.iam.roles, stacks: deployments.list }));
  services.register('logs', logsApi({ store: logs, region, accountId }));
  services.register('monitoring', cloudwatchApi(cloudwatch));
  services.register('events', eventsApi({ bus: events, region, accountId }));
  services.register('scheduler', schedulerApi({ schedules, iam: services.iam, region, accountId }));
  for (const path of ['/_sluice/health', '/_localstack/health']) services.route(path, async () => health());

  let ready = false;
  const health = () => {
    const body = {
      status: ready ? 'ready' : 'starting',
      functions: functions.list().map(({ name }) => name),
      stacks: deployments.list().map(({ name }) => name),
    };
    return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  };

  async function stopAll(): Promise<void> {
    services.faults.clear();
    // Polling, schedules and retries stop at once; only invocations that run are waited for, and not for long.
    const atRest = Promise.all([
      mappings.close(),
      schedules.close(),
      events.close(),
      cloudwatch.close(),
      asyncInvocations.close(),
    ]);
    await Promise.race([atRest, sleep(CLOSE_GRACE_MS, undefined, { ref: false })]);
    await functions.close();
    await atRest;
    calls.close();
    await services.close();
    state?.close();
    rmSync(scratch, { recursive: true, force: true });
  }

  try {
    await deployments.deploy(assembly, true);
    await mappings.start();
    schedules.start();
    asyncInvocations.start();
    cloudwatch.start();
    if (options.faults !== undefined) services.faults.randomly(options.faults);
    ready = true;
  } catch (error) {
    await stopAll();
    throw error;
  }

  let closing: Promise<void> | undefined;
  return {
    url,
    services,
    get stacks() {
      return deployments.list();
    },
    get functions() {
      return functions.list();
    },
    get notices() {
      return [...notices];
    },
    get busy() {
      return functions.running() + asyncInvocations.pending;
    },
    vitals: () =>
      readVitals({ depths: services.depths(), stacks: deployments.list(), alarms: cloudwatch.alarms.list() }),
    deploy: async (path = options.assembly) => deployments.deploy(readAssembly(path), false),
    close() {
      closing ??= deployments.settled().then(stopAll);
      return closing;
    },
  };
}
