import { Stack, Token, Validations } from 'aws-cdk-lib';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';

/**
 * Reasons for what cdk-nag asks about, noted on the construct that it is about: cdk-nag reads them from the CDK's own metadata, and so can a
 * reviewer, since they are in the assembly. https://github.com/cdklabs/cdk-nag/blob/main/RULES.md#awssolutions
 */
const WILDCARD = 'AwsSolutions-IAM5';
const NO_DEAD_LETTERS = 'AwsSolutions-SQS3';

/** Whether a resource of a policy stands for more than one. */
export const isWildcard = (resource: string): boolean => resource.includes('*');

/**
 * Notes on a role why one of its policies names a resource by a wildcard.
 * @param resource as the policy has it
 */
export function acknowledgeWildcard(role: IConstruct, resource: string, reason: string): void {
  const text = Token.isUnresolved(resource) ? asCdkNagWrites(Stack.of(role).resolve(resource)) : resource;
  Validations.of(role).acknowledge({ id: `${WILDCARD}[Resource::${text}]`, reason });
}

/**
 * Notes on a queue that it is a dead-letter queue itself, which cdk-nag sees of redrive policies only.
 * @param of whose it is
 */
export const acknowledgeDeadLetters = (queue: IQueue, of: string): void =>
  Validations.of(queue).acknowledge({
    id: NO_DEAD_LETTERS,
    reason: `it is itself the dead-letter queue of ${of}: people take messages from it, no function does`,
  });

/** An intrinsic as one text: what is only known at deployment stands in angle brackets. */
function asCdkNagWrites(value: unknown): string {
  if (typeof value === 'string') return value;
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = value as Intrinsic;
  if (Ref !== undefined) return `<${Ref}>`;
  if (attribute !== undefined) return `<${attribute.join('.')}>`;
  if (join !== undefined) return join[1].map(asCdkNagWrites).join(join[0]);
  return JSON.stringify(value);
}

interface Intrinsic {
  readonly Ref?: string;
  readonly 'Fn::GetAtt'?: readonly [string, string];
  readonly 'Fn::Join'?: readonly [string, readonly unknown[]];
}
