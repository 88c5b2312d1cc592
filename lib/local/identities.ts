import { randomBytes } from 'node:crypto';
import type { Caller } from './service.ts';

/** Temporary credentials of one function instance, in the shape the Lambda runtime puts into its environment. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** Whose credentials: the role that decides what the holder may do, and the function instance that holds them, or a session of the engine's own. */
export interface IdentityRequest {
  readonly roleArn: string;
  readonly functionName?: string;
  readonly instance?: number;
  readonly session?: string;
  readonly pollsFor?: string;
}

/** Credentials the engine handed out, so that a signed request can be traced to the worker that sent it. */
export interface Identities {
  issue(request: IdentityRequest): Credentials;
  /** Requests signed with this key are refused from now on, as AWS does with an expired token. Unknown keys are ignored. */
  revoke(accessKeyId: string): void;
  /** The instance a key was issued to; undefined for keys from elsewhere and for revoked ones. */
  find(accessKeyId: string): Caller | undefined;
  /** True when the engine itself once issued such a key: then a miss in `find` means revoked, not "from outside". */
  isOurs(accessKeyId: string): boolean;
}

/** Real temporary keys start with ASIA; the rest marks them as the engine's. */
const KEY_PREFIX = 'ASIASLUICE';

export function createIdentities(): Identities {
  const callers = new Map<string, Caller>();
  return {
    issue(holder) {
      const accessKeyId = KEY_PREFIX + randomBytes(5).toString('hex').toUpperCase();
      callers.set(accessKeyId, { accessKeyId, ...holder });
      return {
        accessKeyId,
        secretAccessKey: randomBytes(30).toString('base64'),
        sessionToken: randomBytes(48).toString('base64'),
      };
    },
    revoke: (accessKeyId) => void callers.delete(accessKeyId),
    find: (accessKeyId) => callers.get(accessKeyId),
    isOurs: (accessKeyId) => accessKeyId.startsWith(KEY_PREFIX),
  };
}
