import { parseArn } from '../../formats/arn.ts';
/** Which customer keys there are, and what is encrypted with them. */
export interface Keys {
  /** Adds a key, or a name for one (`alias/orders`). */
  add(nameOrId: string, keyArn: string): void;
  /** Says that a resource is encrypted; undefined: with a key that nobody is asked about. */
  encrypt(resourceArn: string, key: string | undefined): void;
  of(resourceArn: string): string | undefined;
  /**
   * ARN of a key by id, ARN, alias or alias ARN. Keys that AWS manages (`alias/aws/sqs`) have an ARN of their own here; undefined:
   * a key from outside the account, which is not asked about.
   */
  find(key: string): string | undefined;
}

export function createKeys(region: string, account: string): Keys {
  const names = new Map<string, string>();
  const resources = new Map<string, string>();
  return {
    add: (nameOrId, keyArn) => void names.set(nameOrId, keyArn).set(keyArn, keyArn),
    encrypt(resourceArn, key) {
      if (key === undefined) resources.delete(resourceArn);
      else resources.set(resourceArn, key);
    },
    of: (resourceArn) => resources.get(resourceArn),
    find(key) {
      // `alias/NAME`, as callers write it, or `key/ID`.
      const name = parseArn(key)?.resource.replace(/^key\//, '') ?? key;
      return isAwsManaged(name) ? `arn:aws:kms:${region}:${account}:${name}` : (names.get(key) ?? names.get(name));
    },
  };
}

/**
 * Keys that AWS keeps for its services. Whoever may use the resource may use them, but no service may in its own name: CloudWatch
 * cannot publish to a topic under `alias/aws/sns`, nor SNS send to a queue under `alias/aws/sqs`.
 * https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-key
 */
export const isAwsManaged = (key: string): boolean => (parseArn(key)?.resource ?? key).startsWith('alias/aws/');
