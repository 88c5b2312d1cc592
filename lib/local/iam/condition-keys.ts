import type { ConditionContext } from './conditions.ts';
import type { Principal } from './principal.ts';

/** What the values of condition keys are taken from. */
export interface About {
  readonly principal: Principal;
  readonly account: string;
  readonly region: string;
  /** Keys of the service that is called, in lower case (`dynamodb:leadingkeys`). */
  readonly values: Readonly<Record<string, string | readonly string[]>>;
}

/**
 * Keys that every request has, or has depending on who asks.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
const GLOBAL: Readonly<Record<string, (about: About) => string | undefined>> = {
  // The engine speaks plain HTTP on the loopback interface; it stands for the TLS traffic of the deployed system, or every policy
  // that insists on TLS would deny everything here.
  'aws:SecureTransport': () => 'true',
  's3:TlsVersion': () => '1.3',
  'aws:RequestedRegion': ({ region }) => region,
  'aws:ResourceAccount': ({ account }) => account,
  'aws:SourceArn': ({ principal }) => (principal.kind === 'service' ? principal.sourceArn : undefined),
  'aws:SourceAccount': ({ principal, account }) => (principal.kind === 'service' ? account : undefined),
  // CloudWatch says whose alarm it is; that is why the default policy of a topic lets alarms in, and nobody else.
  'aws:SourceOwner': ({ principal, account }) =>
    principal.kind === 'service' && principal.service === 'cloudwatch.amazonaws.com' ? account : undefined,
  'aws:PrincipalArn': ({ principal }) => (principal.kind === 'role' ? principal.roleArn : undefined),
  'aws:PrincipalAccount': ({ principal, account }) => (principal.kind === 'role' ? account : undefined),
  'aws:PrincipalType': ({ principal }) => (principal.kind === 'role' ? 'AssumedRole' : undefined),
  'aws:PrincipalIsAWSService': ({ principal }) => String(principal.kind === 'service'),
  'aws:PrincipalServiceName': ({ principal }) => (principal.kind === 'service' ? principal.service : undefined),
  'aws:ViaAWSService': () => 'false',
  'aws:CurrentTime': () => new Date().toISOString(),
  'aws:EpochTime': () => String(Math.floor(Date.now() / 1_000)),
  'kms:CallerAccount': ({ account }) => account,
};

/** Keys of single services: what a request says, as far as `demands.ts` reads it. */
const OF_SERVICES: readonly string[] = [
  'cloudwatch:namespace',
  'dynamodb:EnclosingOperation',
  'dynamodb:LeadingKeys',
  'dynamodb:ReturnValues',
  'dynamodb:Select',
  'iam:PassedToService',
  'kms:ViaService',
  'lambda:FunctionUrlAuthType',
  'lambda:InvokedViaFunctionUrl',
  's3:delimiter',
  's3:max-keys',
  's3:prefix',
  's3:x-amz-acl',
  's3:x-amz-server-side-encryption',
  's3:x-amz-server-side-encryption-aws-kms-key-id',
  's3:x-amz-storage-class',
  'ses:FromAddress',
  'ses:Recipients',
  'sns:Endpoint',
  'sns:Protocol',
];

export const KNOWN_KEYS: readonly string[] = [...Object.keys(GLOBAL), ...OF_SERVICES];

const READERS = new Map(Object.entries(GLOBAL).map(([name, read]) => [name.toLowerCase(), read]));

/** The values of one request, read when a condition asks for them. */
export function contextOf(about: About): ConditionContext {
  return (key) => {
    const read = READERS.get(key);
    return read === undefined ? about.values[key] : read(about);
  };
}
