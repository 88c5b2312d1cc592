import { readFileSync } from 'node:fs';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { cdkOn } from '../../test/compatible/cdk.ts';
import { endpointEnvironment } from '../../test/compatible/endpoint.ts';
import { startMinistack } from '../../test/compatible/ministack.ts';
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

const REGION = 'us-east-1';

/** Sluice's engine on the assembly. */
export async function startSluice(assembly: string): Promise<Running> {
  const script = 'throughput/engine-process.ts';
  const { hello: url, child } = await startChild<'memory', number, string>(script, [assembly], {});
  return { url, places: await placesOf(url), memory: () => child.ask('memory'), close: () => child.close() };
}

/** MiniStack, the assembly deployed with the CDK's command line. */
export async function startMinistackWith(assembly: string): Promise<Running> {
  const { url, pid, close } = await startMinistack();
  try {
    const cdk = cdkOn(assembly, endpointEnvironment(url, REGION));
    await cdk.bootstrap();
    await cdk.deploy();
    return { url, places: await placesOf(url), memory: async () => residentBytes(pid), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function placesOf(endpoint: string): Promise<Places> {
  const client = new CloudFormationClient({
    endpoint,
    region: REGION,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: 'throughput' }));
  client.destroy();
  const outputs = Stacks[0]?.Outputs ?? [];
  return Object.fromEntries(outputs.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue])) as unknown as Places;
}

const BYTES_PER_KIB = 1_024;

/** Of a process and all below it. */
function residentBytes(pid: number): number {
  const kib = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return kib * BYTES_PER_KIB + children.reduce((sum, child) => sum + residentBytes(Number(child)), 0);
}
