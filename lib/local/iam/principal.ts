import { parseArn } from '../../formats/arn.ts';
import type { PrincipalElement } from './policy.ts';
import { asArray } from './policy.ts';

/** Who asks for something. */
export type Principal =
  | {
      readonly kind: 'role';
      readonly roleArn: string;
      /** `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`: what AWS calls the user. */
      readonly sessionArn: string;
    }
  | {
      readonly kind: 'service';
      /** `sns.amazonaws.com` */
      readonly service: string;
      /** The topic, rule, alarm or bucket in whose name it asks. */
      readonly sourceArn: string;
    };

/** @param roleArn `arn:aws:iam::ACCOUNT:role/PATH/NAME` */
export function rolePrincipal(roleArn: string, session: string): Principal {
  const { partition = 'aws', account = '' } = parseArn(roleArn) ?? {};
  const name = roleArn.slice(roleArn.lastIndexOf('/') + 1);
  return { kind: 'role', roleArn, sessionArn: `arn:${partition}:sts::${account}:assumed-role/${name}/${session}` };
}

/**
 * How a resource policy's Principal covers somebody: by name (or as anybody), or as part of the account, which for an Allow only
 * hands the decision on to the role's own policies.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
 */
export function coverage(
  element: PrincipalElement | undefined,
  principal: Principal,
  account: string,
): 'named' | 'account' | undefined {
  if (element === undefined) return undefined;
  if (element === '*' || asArray(element.AWS).includes('*')) return 'named';
  if (principal.kind === 'service') return asArray(element.Service).includes(principal.service) ? 'named' : undefined;
  const named = asArray(element.AWS);
  if (named.includes(principal.roleArn) || named.includes(principal.sessionArn)) return 'named';
  return named.some((name) => name === account || isRootOf(account, name)) ? 'account' : undefined;
}

function isRootOf(account: string, name: string): boolean {
  const arn = parseArn(name);
  return arn?.service === 'iam' && arn.account === account && arn.resource === 'root';
}
