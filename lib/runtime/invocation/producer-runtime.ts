import { type CredentialsProvider, givenCredentials } from '../aws/credentials.ts';
import { httpCall } from '../aws/http.ts';
import { lambda, type Runtime } from './runtime.ts';

/** What a producer outside of Lambda brings itself. */
export interface ProducerRuntimeOptions {
  /**
   * Signs the calls: any provider of the AWS SDK, `fromNodeProviderChain()` for profiles, single sign-on, containers and instances. Asked when the first call is
   * made and again five minutes before what it gave expires, once at a time however many calls wait.
   * @default the environment variables AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, as they are at each call
   */
  readonly credentials?: CredentialsProvider;
  /** @default the environment variable AWS_REGION, or AWS_DEFAULT_REGION */
  readonly region?: string;
}

/**
 * The runtime of a producer that is no function: a server, a container, an importer. To be handed to `publisher()`, `idempotentProducer()`, `outboxWriter()` or
 * `later()`; one for the process is enough. Calls reject with `NoCredentials` when `credentials` brings none.
 */
export function producerRuntime({ credentials, region }: ProducerRuntimeOptions = {}): Runtime {
  const env = (name: string): string | undefined => (name === 'AWS_REGION' ? region : undefined) ?? lambda.env(name);
  const { random, sleep, now } = lambda;
  const given = credentials === undefined ? {} : { credentials: givenCredentials(credentials, now) };
  return { ...lambda, env, aws: httpCall({ env, random, sleep, ...given }) };
}
