import type { JsonObject } from '../../json.ts';
import { objectAt, textAt } from '../../json.ts';
import { inertTypes } from '../inert.ts';
import { ProvisionError } from '../resources/resource.ts';
import { resourceTypes, supportedTypes } from '../types.ts';

/** Resources of one stack, those that a condition leaves out already gone. */
export interface StackResources {
  readonly stackName: string;
  readonly resources: JsonObject;
}

/**
 * Makes sure, before anything is created, that the engine can provision every resource, and collects what it will not do.
 * @returns one notice for each inert type and each property without effect
 * @throws ProvisionError that lists every resource or property it cannot provision
 */
export function checkResources(stacks: readonly StackResources[]): string[] {
  const problems: string[] = [];
  const notices = new Set<string>();
  for (const { stackName, resources } of stacks) {
    for (const [logicalId, resource] of Object.entries(resources)) {
      const type = textAt(resource, 'Type') ?? '';
      const inert = inertTypes[type];
      if (inert?.note) notices.add(`${type}: accepted; ${inert.note}.`);
      if (inert) continue;
      if (!resourceTypes[type]) problems.push(`Stack ${stackName}, ${logicalId}: the engine does not support ${type}.`);
      for (const name of Object.keys(objectAt(resource, 'Properties'))) {
        const verdict = checkProperty(type, name);
        if (verdict === 'fine') continue;
        if ('notice' in verdict) notices.add(verdict.notice);
        else problems.push(`Stack ${stackName}, ${logicalId} (${type}): ${verdict.problem}`);
      }
    }
  }
  if (problems.length > 0) {
    const types = problems.some(
      (problem) => problem.includes('does not support AWS::') || problem.includes('does not support Custom::'),
    );
    const help = types ? `\nIt supports: ${supportedTypes().join(', ')}.` : '';
    throw new ProvisionError(`${problems.join('\n')}${help}\nNothing was created.`);
  }
  return [...notices];
}

function checkProperty(
  typeName: string,
  name: string,
): 'fine' | { readonly notice: string } | { readonly problem: string } {
  const type = resourceTypes[typeName];
  if (!type || type.handled.includes(name) || type.harmless?.includes(name)) return 'fine';
  const note = type.noted?.[name];
  if (note) return { notice: `${typeName}.${name}: accepted; ${note}.` };
  const reason = type.refused?.[name] ?? 'the engine does not know what it would change';
  return { problem: `its property ${name} is not supported by the engine: ${reason}.` };
}
