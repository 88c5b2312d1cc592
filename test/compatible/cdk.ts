import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '..', '..');
const CDK = join(ROOT, 'node_modules', 'aws-cdk', 'bin', 'cdk');
const OUTPUT_LIMIT_BYTES = 16_000_000;

/** The CDK's command line did not do what it was asked to. */
export class CdkFailed extends Error {
  override readonly name = 'CdkFailed';
  /** All it wrote. */
  readonly output: string;
  constructor(args: readonly string[], output: string) {
    super(`cdk ${args.join(' ')} failed:\n${output}`);
    this.output = output;
  }
}

export interface Cdk {
  /** Makes the environment ready: bucket, roles. */
  bootstrap(): Promise<void>;
  /** Deploys all stacks. @returns what it wrote */
  deploy(): Promise<string>;
  destroy(): Promise<void>;
}

/**
 * The CDK's own command line on an assembly.
 * @param env what points it at an endpoint
 * Its methods throw CdkFailed.
 */
export function cdkOn(assembly: string, env: Readonly<Record<string, string>>): Cdk {
  const { AWS_PROFILE: _, AWS_SESSION_TOKEN: __, ...inherited } = process.env;
  const cdk = async (...args: string[]): Promise<string> => {
    try {
      const { stdout, stderr } = await promisify(execFile)(
        process.execPath,
        [CDK, ...args, '--app', assembly, '--no-notices'],
        { env: { ...inherited, ...env, CI: 'true' }, maxBuffer: OUTPUT_LIMIT_BYTES },
      );
      return stdout + stderr;
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      throw new CdkFailed(args, `${stdout}${stderr}` || String(error));
    }
  };
  return {
    bootstrap: async () => void (await cdk('bootstrap')),
    deploy: () => cdk('deploy', '--all', '--require-approval', 'never'),
    destroy: async () => void (await cdk('destroy', '--all', '--force')),
  };
}
