import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readAssembly } from './assembly.ts';
import { createAwsCalls } from './call.ts';
import { cloudformationApi } from './cloudformation.ts';
import { lambdaApi } from './lambda/api.ts';
import { createAsyncInvocations } from './lambda/async-invocations.ts';
import type { FunctionDefinition, FunctionLog } from './lambda/definition.ts';
import { createFunctions } from './lambda/functions.ts';
import { permittedLog } from './lambda/log-permission.ts';
import { createLoadMeter } from './mappings/load.ts';
import { createMappings } from './mappings/mappings.ts';
import { missingPermissions } from './mappings/role-permissions.ts';
import { checkMappingPermissions } from './provision/permissions.ts';
import type { StackInfo } from './provision/stacks.ts';
import { provisionStacks } from './provision/stacks.ts';
import { createRoleCalls } from './role-calls.ts';
import { schedulerApi } from './schedules/api.ts';
import { createSchedules } from './schedules/schedules.ts';
import type { Services } from './services.ts';
import { startServices } from './services.ts';

export type { FunctionDefinition, FunctionLog } from './lambda/definition.ts';
export type { StackInfo, StackResource } from './provision/stacks.ts';

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
  /**
   * Divides long waits: those of schedules (at 60 a rate of one minute runs every second), the retention of messages, the time between
   * purges, the age of records that mappings give up. Default 1.
   */
  readonly timeScale?: number;
  /** Workers alive at a time. Default 32. */
  readonly maxWorkers?: number;
  /** How often expired DynamoDB items are looked for, in ms. Default 1,000. */
  readonly ttlSweepMs?: number;
  /** false: roles and policies are not looked at. Default true. */
  readonly iam?: boolean;
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
  /** Stops everything: pollers first, then functions (after a short grace), then the services. */
  close(): Promise<void>;
}

/**
 * Provisions a cloud assembly on this machine and runs it.
 * @throws AssemblyError, TemplateError, ProvisionError, or an Error that names the port when it is in use; nothing is left running then
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
  const services = await startServices({
    port: options.port ?? DEFAULT_PORT,
    ...(options.region === undefined ? {} : { region: options.region }),
    ...(options.ttlSweepMs === undefined ? {} : { ttlSweepMs: options.ttlSweepMs }),
    ...(options.iam === undefined ? {} : { iam: options.iam }),
    ...timeScale,
  });
  const { region, account: accountId, url } = services;
  const scratch = mkdtempSync(join(tmpdir(), 'sluice-engine-'));
  const calls = createAwsCalls(url, region);
  const base = { calls, callsAs: createRoleCalls(calls, services.identities), region, accountId, report: notice };
  services.iam.onDenial(({ message }) => notice(`AccessDenied: ${message}`));
  const functions = createFunctions({
    region,
    accountId,
    endpoint: url,
    issueCredentials: services.identities.issue,
    revokeCredentials: services.identities.revoke,
    onLog: permittedLog(
      { iam: services.iam, find: (name) => functions.find(name), region, account: accountId },
      options.onLog ?? (() => undefined),
    ),
    ...(options.maxWorkers === undefined ? {} : { maxWorkers: options.maxWorkers }),
  });
  const asyncInvocations = createAsyncInvocations({ ...base, functions });
  const mappings = createMappings({
    ...base,
    functions,
    missingPermissions: (config, definition) => missingPermissions(config, definition, services.iam),
    processorsAreBusy: createLoadMeter(),
    ...timeScale,
    onStreamAppend: services.streamActivity.onAppend,
  });
  const schedules = createSchedules({ ...base, iam: services.iam, ...timeScale });
  const stacks: StackInfo[] = [];
  services.faults.onKill((caller) => {
    if (caller.functionName !== undefined && caller.instance !== undefined)
      functions.kill(caller.functionName, caller.instance);
  });
  services.register('lambda', lambdaApi({ functions, asyncInvocations, mappings, region, accountId }));
  services.register('cloudformation', cloudformationApi(stacks));
  services.register('scheduler', schedulerApi({ schedules, iam: services.iam, region, accountId }));
  for (const path of ['/_sluice/health', '/_localstack/health']) services.route(path, async () => health());

  let ready = false;
  const health = () => {
    const body = {
      status: ready ? 'ready' : 'starting',
      functions: functions.list().map(({ name }) => name),
      stacks: stacks.map(({ name }) => name),
    };
    return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  };

  async function stopAll(): Promise<void> {
    // Polling, schedules and retries stop at once; only invocations that run are waited for, and not for long.
    const atRest = Promise.all([mappings.close(), schedules.close(), asyncInvocations.close()]);
    await Promise.race([atRest, sleep(CLOSE_GRACE_MS, undefined, { ref: false })]);
    await functions.close();
    await atRest;
    calls.close();
    await services.close();
    rmSync(scratch, { recursive: true, force: true });
  }

  try {
    for (const stack of assembly.stacks) {
      if (stack.region !== undefined && stack.region !== region)
        notice(`Stack ${stack.name} is made for ${stack.region}; here it runs as ${region}.`);
    }
    const context = {
      ...{ services, calls, functions, asyncInvocations, mappings, schedules, region, accountId, scratch, notice },
      managedPolicies: new Map(),
      roles: new Map(),
    };
    stacks.push(...(await provisionStacks(assembly.stacks, context)));
    checkMappingPermissions(context);
    await mappings.start();
    schedules.start();
    ready = true;
  } catch (error) {
    await stopAll();
    throw error;
  }

  let closing: Promise<void> | undefined;
  return {
    url,
    services,
    stacks,
    get functions() {
      return functions.list();
    },
    get notices() {
      return [...notices];
    },
    get busy() {
      return functions.running() + asyncInvocations.pending;
    },
    close() {
      closing ??= stopAll();
      return closing;
    },
  };
}
