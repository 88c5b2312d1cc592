import { environmentFor } from '../../bin/apps/sdk-environment.ts';

/** Where the tests deploy when the environment says nothing. */
const DEFAULT_REGION = 'us-east-1';

/**
 * What a process has to set so that the SDKs and the CDK's command line talk to an endpoint, and to nothing else: the keys are the ones
 * that LocalStack documents, never those of the shell. https://docs.localstack.cloud/aws/capabilities/config/credentials/
 */
export function endpointEnvironment(given: string, region = process.env.AWS_REGION ?? DEFAULT_REGION) {
  const url = numeric(given);
  return {
    ...environmentFor(url, region),
    // The CDK's command line asks for buckets here.
    AWS_ENDPOINT_URL_S3: url,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  } as const satisfies Readonly<Record<string, string>>;
}

/** At an address of numbers SDKs name a bucket in the path; at `localhost` they would look for a host `BUCKET.localhost`. */
function numeric(url: string): string {
  const parsed = new URL(url);
  if (parsed.hostname === 'localhost') parsed.hostname = '127.0.0.1';
  return parsed.href.replace(/\/$/, '');
}

/** Endpoints by a path that only they answer, in this order. */
const KNOWN = [
  { name: 'MiniStack', health: '/_ministack/health' },
  { name: 'LocalStack', health: '/_localstack/health' },
] as const;

export type EndpointName = (typeof KNOWN)[number]['name'] | 'an endpoint of another kind';

/** Which emulator answers at a URL. @throws Error when nothing answers */
export async function identify(url: string): Promise<EndpointName> {
  for (const { name, health } of KNOWN) {
    const answer = await fetch(`${url}${health}`).catch((error: unknown) => {
      throw new Error(`nothing answers at ${url}: start the endpoint, or unset AWS_ENDPOINT_URL to start MiniStack`, {
        cause: error,
      });
    });
    if (answer.ok) return name;
  }
  return 'an endpoint of another kind';
}
