import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { startChild } from '../child.ts';
import type { Places } from './load.ts';

/** The app, deployed and running. */
export interface Running {
  readonly url: string;
  readonly places: Places;
  /** Bytes resident of the emulator, its functions included. */
  memory(): Promise<number>;
  close(): Promise<void>;
}

/** From this release of PyPI. */
export const MINISTACK_VERSION = '1.5.33';
const READY_WITHIN_MS = 60_000;
const POLL_MS = 200;
const STOP_WITHIN_MS = 5_000;
const ROOT = join(import.meta.dirname, '..', '..');

/** Sluice's engine on the assembly. */
export async function startSluice(assembly: string): Promise<Running> {
  const script = 'throughput/engine-process.ts';
  const { hello: url, child } = await startChild<'memory', number, string>(script, [assembly], {});
  return { url, places: await placesOf(url), memory: () => child.ask('memory'), close: () => child.close() };
}

/** MiniStack from PyPI in a virtual environment of its own, the assembly deployed with the CDK's command line. */
export async function startMinistack(assembly: string): Promise<Running> {
  const python = installMinistack();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = spawn(python, ['-m', 'ministack'], {
    env: {
      PATH: `${join(process.execPath, '..')}:${process.env.PATH}`,
      GATEWAY_PORT: String(port),
      BIND_HOST: '127.0.0.1',
      LOG_LEVEL: 'WARNING',
    },
    stdio: 'ignore',
    detached: true,
  });
  const close = async (): Promise<void> => {
    const ended = once(server, 'exit');
    // Its functions are processes of its group.
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      try {
        process.kill(-(server.pid ?? 0), signal);
      } catch {
        break; // The group has ended.
      }
      await Promise.race([ended, sleep(STOP_WITHIN_MS)]);
    }
  };
  try {
    await answering(url);
    const env = { ...process.env, ...environmentOf(url) };
    const cdk = (...args: string[]) =>
      promisify(execFile)(process.execPath, [join(ROOT, 'node_modules', 'aws-cdk', 'bin', 'cdk'), ...args], { env });
    await cdk('bootstrap', 'aws://000000000000/us-east-1', '--app', assembly);
    await cdk('deploy', '--all', '--require-approval', 'never', '--app', assembly);
    return { url, places: await placesOf(url), memory: async () => residentBytes(server.pid ?? 0), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function installMinistack(): string {
  const folder = join(tmpdir(), `sluice-ministack-${MINISTACK_VERSION}`);
  const python = join(folder, 'bin', 'python');
  if (!existsSync(join(folder, 'bin', 'ministack'))) {
    execFileSync('python3', ['-m', 'venv', folder]);
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', `ministack==${MINISTACK_VERSION}`]);
  }
  return python;
}

const environmentOf = (url: string) => ({
  AWS_ENDPOINT_URL: url,
  AWS_ENDPOINT_URL_S3: url,
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
});

async function placesOf(endpoint: string): Promise<Places> {
  const client = new CloudFormationClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: 'throughput' }));
  client.destroy();
  const outputs = Stacks[0]?.Outputs ?? [];
  return Object.fromEntries(outputs.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue])) as unknown as Places;
}

async function answering(url: string): Promise<void> {
  const until = Date.now() + READY_WITHIN_MS;
  while (Date.now() < until) {
    const answer = await fetch(`${url}/_localstack/health`).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(POLL_MS);
  }
  throw new Error(`MiniStack did not answer at ${url} within ${READY_WITHIN_MS / 1_000} s`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const BYTES_PER_KIB = 1_024;

/** Of a process and all below it. */
function residentBytes(pid: number): number {
  const kib = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return kib * BYTES_PER_KIB + children.reduce((sum, child) => sum + residentBytes(Number(child)), 0);
}
