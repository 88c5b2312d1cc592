import type { Credentials } from './sign.ts';

/** What signs calls, and until when. The providers of the AWS SDK answer with this shape (`fromNodeProviderChain()`). */
export interface GivenCredentials extends Credentials {
  /** @default they do not expire */
  readonly expiration?: Date;
}

/** Brings credentials; asked again before they expire. */
export type CredentialsProvider = () => Promise<GivenCredentials>;

/** Credentials of the next request: at once when they are known, so that a request waits for nothing. */
export type CredentialsSource = () => Credentials | Promise<Credentials>;

/** The function that was given for credentials brought none. */
export class NoCredentials extends Error {
  override readonly name = 'NoCredentials';
}

/** The credentials that Lambda puts into the environment. @throws Error, when a request is made, that says how to set them elsewhere */
export function environmentCredentials(env: (name: string) => string | undefined): CredentialsSource {
  return () => {
    const accessKeyId = env('AWS_ACCESS_KEY_ID');
    const secretAccessKey = env('AWS_SECRET_ACCESS_KEY');
    if (accessKeyId === undefined || secretAccessKey === undefined) {
      throw new Error(
        'environment variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set: they sign the calls. Lambda sets them; elsewhere run `eval "$(aws configure export-credentials --format env)"` first, or give `credentials` to producerRuntime().',
      );
    }
    const sessionToken = env('AWS_SESSION_TOKEN');
    return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
  };
}

/** As the SDK has it: so long before they expire, credentials are asked for anew. */
const ASKED_BEFORE_MILLIS = 300_000;

/**
 * Credentials of a function. However many requests need them, it is asked once at a time; while it fails, those it gave before are used until they expire.
 * @throws NoCredentials, when a request is made: the function failed, or gave something else
 */
export function givenCredentials(provider: CredentialsProvider, now: () => number): CredentialsSource {
  let known: GivenCredentials | undefined;
  let asking: Promise<Credentials> | undefined;
  const isGood = (millis: number): boolean =>
    known !== undefined && (known.expiration === undefined || known.expiration.getTime() - now() > millis);

  async function ask(): Promise<Credentials> {
    try {
      known = checked(await provider());
      return known;
    } catch (error) {
      if (known !== undefined && isGood(0)) return known;
      if (error instanceof NoCredentials) throw error;
      const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      throw new NoCredentials(`the function given as \`credentials\` failed: ${why}`, { cause: error });
    }
  }

  return () => {
    if (known !== undefined && isGood(ASKED_BEFORE_MILLIS)) return known;
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  };
}

/** @throws NoCredentials that names the member, and no value: it may be a secret */
function checked(given: GivenCredentials): GivenCredentials {
  const wrong = (member: string, rule: string) =>
    new NoCredentials(
      `the function given as \`credentials\` must give {accessKeyId, secretAccessKey, sessionToken?, expiration?}: ${member} ${rule}`,
    );
  for (const member of ['accessKeyId', 'secretAccessKey'] as const)
    if (typeof given?.[member] !== 'string' || given[member] === '') throw wrong(member, 'is no text, or empty');
  const { sessionToken, expiration } = given;
  if (sessionToken !== undefined && typeof sessionToken !== 'string') throw wrong('sessionToken', 'is no text');
  if (expiration !== undefined && !(expiration instanceof Date && Number.isFinite(expiration.getTime())))
    throw wrong('expiration', 'is no Date');
  return given;
}
