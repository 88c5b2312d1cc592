import { missingPermissions } from '../../mappings/configuration/role-permissions.ts';
import type { ProvisionContext } from '../resources/resource.ts';
import { ProvisionError } from '../resources/resource.ts';

/**
 * Refuses mappings whose function's role may not read the source or write to the on-failure destination, as AWS does when it
 * creates them.
 * @throws ProvisionError that lists every missing permission
 */
export function checkMappingPermissions({ mappings, functions, services }: ProvisionContext): void {
  const problems = mappings.list().flatMap(({ config }) => {
    const definition = functions.find(config.functionArn);
    return definition === undefined ? [] : missingPermissions(config, definition, services.iam);
  });
  if (problems.length > 0)
    throw new ProvisionError(
      `${problems.join('\n')}\nGrant it in the app (grantConsumeMessages, grantRead, grantStreamRead, grantSendMessages).`,
    );
}
