import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { pointSdkAt } from '../../bin/apps/sdk-environment.ts';
import { bundleFunctions } from '../../lib/constructs/functions/bundle.ts';
import { resolveStage } from '../../lib/constructs/stages/resolve-stage.ts';
import { stackProps, useStage } from '../../lib/constructs/stages/stage.ts';
import { type Engine, startEngine } from '../../lib/local/engine.ts';
import type { World } from '../../lib/operations/systems/system.ts';
import { openWorld } from '../../lib/operations/systems/world.ts';
import type { NotificationChannel, ProviderLimit } from '../../lib/systems/notifications/contract.ts';
import { NotificationsStack } from '../../lib/systems/notifications/stack.ts';

/** The notifications, running on an engine of their own. */
export interface RunningNotifications {
  readonly engine: Engine;
  readonly world: World;
  /** What the functions have written. */
  readonly logs: readonly string[];
  close(): Promise<void>;
}

export interface StartOptions {
  /** Smaller than declared, so that this machine reaches them. */
  readonly providers: Readonly<Partial<Record<NotificationChannel, ProviderLimit>>>;
  /** Divides the minutes of the breaker controller. @default 1 */
  readonly timeScale?: number;
  /** Whether lines of the functions are kept. @default true */
  readonly keepsLogs?: boolean;
}

const STAGE = 'test';
const ROOT = join(import.meta.dirname, '../..');

export async function startNotifications({
  providers,
  timeScale = 1,
  keepsLogs = true,
}: StartOptions): Promise<RunningNotifications> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-notifications-'));
  const assembly = join(folder, 'cdk.out');
  const codeOf = bundleFunctions({ source: join(ROOT, 'lambdas'), output: join(folder, 'bundles') });
  const app = new App({ outdir: assembly });
  const stage = useStage(app, resolveStage(STAGE));
  const stackName = `sluice-${STAGE}-notifications`;
  new NotificationsStack(app, stackName, { ...stackProps(stage), codeOf, providers });
  app.synth();
  const logs: string[] = [];
  const onLog = keepsLogs ? ({ line }: { readonly line: string }) => void logs.push(line) : () => undefined;
  const engine = await startEngine({ assembly, port: 0, timeScale, onLog });
  pointSdkAt(engine.url, engine.services.region);
  const world = await openWorld(stackName);
  return {
    engine,
    world,
    logs,
    async close() {
      world.clients.close();
      await engine.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
