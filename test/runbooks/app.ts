import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { environmentFor, pointSdkAt } from '../../bin/apps/sdk-environment.ts';
import { synthesise } from '../../bin/apps/synth.ts';
import { type EngineOptions, startEngine } from '../../lib/local/engine.ts';
import { type OrdersOnEngine, openOrders } from '../integration/orders-app.ts';
import { type PythonTool, programsOf } from '../python/environment.ts';
import { openShell, type Shell } from './shell.ts';

/** The last AWS CLI on PyPI is of version 1; the runbooks use what both versions have. https://pypi.org/project/awscli/ */
const AWS_CLI: PythonTool = { name: 'awscli', version: '1.46.2' };
const ROOT = join(import.meta.dirname, '..', '..');

/** The stage that the runbooks' own values name. */
const STAGE = 'dev';
/** A minute of CloudWatch lasts a second. */
const TIME_SCALE = 60;

/** The orders system in trouble, with a shell that is signed in to it. */
export interface TroubledApp extends OrdersOnEngine {
  readonly cloudwatch: CloudWatchClient;
  readonly lambda: LambdaClient;
  readonly shell: Shell;
  /** Ids of the orders that were placed. */
  readonly placed: string[];
}

/** What all runbooks share: the assembly, the AWS CLI, a folder for what their commands write. */
export interface Workplace {
  /** Starts an engine of its own. */
  open(): Promise<TroubledApp>;
  close(): void;
}

/**
 * @param stage the one that the commands name
 * @param options of the engine
 */
export async function prepareWorkplace(
  stage = STAGE,
  options: Partial<EngineOptions> = { timeScale: TIME_SCALE },
): Promise<Workplace> {
  const assembly = mkdtempSync(join(tmpdir(), 'sluice-runbooks-'));
  // Within the clone, where `npx sluice` finds it.
  mkdirSync(join(ROOT, '.sluice'), { recursive: true });
  const folder = mkdtempSync(join(ROOT, '.sluice', 'runbooks-'));
  const [programs] = await Promise.all([programsOf(AWS_CLI), synthesise(assembly, stage, ['orders'])]);
  // As in the clone, but that what is synthesised is written here.
  const app = `"${process.execPath}" "${join(ROOT, 'bin', 'app.ts')}"`;
  writeFileSync(join(folder, 'cdk.json'), JSON.stringify({ app }));
  // The orders are all that there is.
  const config = `import { orders } from '${join(ROOT, 'lib/systems/orders/system.ts')}';\nexport default { systems: [orders] };\n`;
  writeFileSync(join(folder, 'sluice.config.ts'), config);
  // On AWS nobody names an endpoint, and version 1 of the AWS CLI does not take that of SQS from the environment.
  const aws = join(folder, 'aws');
  writeFileSync(
    aws,
    `#!/bin/sh\nexec '${join(programs, 'python')}' -m awscli --endpoint-url "$AWS_ENDPOINT_URL" "$@"\n`,
  );
  chmodSync(aws, 0o755);
  return {
    async open() {
      const logs: string[] = [];
      const engine = await startEngine({
        assembly,
        port: 0,
        ...options,
        onLog: ({ line }) => logs.push(line),
      });
      pointSdkAt(engine.url, engine.services.region);
      const app = await openOrders(`sluice-${stage}-orders`, engine.url);
      const cloudwatch = new CloudWatchClient({});
      const lambda = new LambdaClient({});
      const shell = openShell(folder, shellEnvironment(folder, engine.url, engine.services.region));
      return {
        ...app,
        ...{ assembly, engine, logs, cloudwatch, lambda, shell, placed: [] },
        async close() {
          await shell.close();
          for (const client of [cloudwatch, lambda]) client.destroy();
          await app.close();
          await engine.close();
        },
      };
    },
    close() {
      for (const path of [assembly, folder]) rmSync(path, { recursive: true, force: true });
    },
  };
}

function shellEnvironment(folder: string, url: string, region: string): Record<string, string | undefined> {
  const { AWS_PROFILE: _, AWS_SESSION_TOKEN: __, ...inherited } = process.env;
  const path = [folder, join(ROOT, 'node_modules', '.bin'), inherited.PATH].join(delimiter);
  // Settings of the person who runs the tests are not the tests'.
  const none = join(folder, 'no-such-file');
  return {
    ...inherited,
    ...environmentFor(url, region),
    ...{ PATH: path, AWS_CONFIG_FILE: none, AWS_SHARED_CREDENTIALS_FILE: none, AWS_DEFAULT_OUTPUT: 'json' },
  };
}
