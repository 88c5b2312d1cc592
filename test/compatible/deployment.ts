import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateEmailIdentityCommand, SESv2Client } from '@aws-sdk/client-sesv2';
import { synthesise } from '../../bin/apps/synth.ts';
import { STAGES } from '../../bin/stages.ts';
import { STACK, STAGE } from '../integration/orders-app.ts';
import { type Cdk, CdkFailed, cdkOn } from './cdk.ts';
import type { EndpointName } from './endpoint.ts';
import { type Dispensable, EMPTIER, leaveOut, refusedIn } from './left-out.ts';
import { emptyBuckets, remainsOf } from './remains.ts';

/** The orders app, deployed by the CDK's command line. */
export interface Deployment {
  readonly cdk: Cdk;
  /** What the endpoint refused, and what refers to it. */
  readonly leftOut: readonly Dispensable[];
  /** Deletes the assembly; the stack stays. */
  forget(): void;
}

/**
 * Synthesises, bootstraps and deploys. Resource types that the endpoint refuses are left out when the tests can do without.
 * @throws CdkFailed
 */
export async function deployOrders(env: Readonly<Record<string, string>>, endpoint: EndpointName): Promise<Deployment> {
  const assembly = mkdtempSync(join(tmpdir(), 'sluice-compatible-'));
  const forget = (): void => rmSync(assembly, { recursive: true, force: true });
  try {
    await synthesise(assembly, STAGE, ['orders']);
    const cdk = cdkOn(assembly, env);
    await verifySender();
    await cdk.bootstrap();
    // A run that was cut off has left its stack, with what was in it.
    if ('stacks' in (await remainsOf(STACK))) await destroyOrders({ cdk, leftOut: [EMPTIER] });
    const idle = endpoint === 'MiniStack' ? leaveOut(assembly, [EMPTIER]) : [];
    return { cdk, leftOut: await deployWhatIsTaken(assembly, cdk, idle), forget };
  } catch (error) {
    forget();
    throw error;
  }
}

/** The identity that e-mails are sent by is the account's, and no stack's: whoever owns the address has verified it before. */
async function verifySender(): Promise<void> {
  const ses = new SESv2Client();
  try {
    await ses.send(new CreateEmailIdentityCommand({ EmailIdentity: STAGES[STAGE].mail.from }));
  } catch (error) {
    if ((error as Error).name !== 'AlreadyExistsException') throw error;
  } finally {
    ses.destroy();
  }
}

/** Deletes the stack and all that is in it. Its buckets empty themselves, where the endpoint lets them. */
export async function destroyOrders({ cdk, leftOut }: Pick<Deployment, 'cdk' | 'leftOut'>): Promise<void> {
  if (leftOut.includes(EMPTIER)) await emptyBuckets(STACK);
  await cdk.destroy();
}

async function deployWhatIsTaken(
  assembly: string,
  cdk: Cdk,
  leftOut: readonly Dispensable[],
): Promise<readonly Dispensable[]> {
  try {
    await cdk.deploy();
    return leftOut;
  } catch (error) {
    const refused = error instanceof CdkFailed ? refusedIn(error.output) : [];
    const more = refused.filter((one) => !leftOut.includes(one));
    if (more.length === 0) throw error;
    return deployWhatIsTaken(assembly, cdk, [...leftOut, ...leaveOut(assembly, more)]);
  }
}
