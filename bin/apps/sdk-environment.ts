/** What a shell has to set so that any SDK or CLI talks to the engine. The keys are no secret: the engine takes any. */
export const environmentFor = (url: string, region: string): Readonly<Record<string, string>> => ({
  AWS_ENDPOINT_URL: url,
  AWS_REGION: region,
  // The AWS CLI 1 and older SDKs read this one.
  AWS_DEFAULT_REGION: region,
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
});

/** A path that is not there: no profile, and no endpoint of a profile, is read. */
const NO_FILE = '/dev/null/none';
const LOOPBACK = '127.0.0.1,localhost,::1';

/**
 * Points the SDK clients of this process at the engine and nowhere else: whatever account the shell is signed in to, and whatever
 * endpoints (`AWS_ENDPOINT_URL_DYNAMODB`), profiles, files and proxies it names.
 */
export function pointSdkAt(url: string, region: string): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  Object.assign(process.env, environmentFor(url, region), {
    AWS_CONFIG_FILE: NO_FILE,
    AWS_SHARED_CREDENTIALS_FILE: NO_FILE,
    AWS_EC2_METADATA_DISABLED: 'true',
    NO_PROXY: LOOPBACK,
    no_proxy: LOOPBACK,
  });
}

/** What leads elsewhere in a shell that is signed in to an account: `AWS_ENDPOINT_URL_SQS` and its like go before `AWS_ENDPOINT_URL`. */
const LEADS_ELSEWHERE = `$(env | sed -n 's/^\\(AWS_[A-Z0-9_]*\\)=.*/\\1/p')`;

/** The same as a line for any POSIX shell. */
export const exportsFor = (url: string, region: string): string =>
  `unset AWS_PROFILE ${LEADS_ELSEWHERE}; export ${Object.entries(environmentFor(url, region))
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')}`;

/** What to try first in a shell with those variables. The AWS CLI 1 does not read `AWS_ENDPOINT_URL` for SQS and would ask AWS: the option works with both. */
export const firstCommands = (system: string): readonly string[] => [
  'aws --endpoint-url $AWS_ENDPOINT_URL sqs list-queues',
  `npx sluice produce ${system} --count 10`,
];
