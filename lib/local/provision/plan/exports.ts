import type { Json } from '../../json.ts';
import { isObject, objectAt, textAt } from '../../json.ts';
import { conditionHolds, resolveValue, TemplateError, type TemplateScope } from '../../template.ts';
import type { Deployed, DeployedStack, StackOutput } from '../resources/deployed.ts';
import type { StackPlan } from './stack-plan.ts';

/** The value of an export of any stack but the named one; undefined: there is none. */
export function exportedBy(deployed: Deployed, name: string): Json | undefined {
  for (const { exports } of deployed.stacks.values()) if (name in exports) return exports[name];
  return undefined;
}

export interface Outputs {
  readonly outputs: Readonly<Record<string, StackOutput>>;
  readonly exports: Readonly<Record<string, Json>>;
}

/**
 * Works out the outputs of a stack.
 * @throws TemplateError also when another stack has the export
 */
export function outputsOf({ stack, stackName }: StackPlan, scope: TemplateScope, deployed: Deployed): Outputs {
  const outputs: Record<string, StackOutput> = {};
  const exports: Record<string, Json> = {};
  for (const [name, output] of Object.entries(objectAt(stack.template, 'Outputs'))) {
    if (!isObject(output) || !conditionHolds(textAt(output, 'Condition'), scope)) continue;
    const value = resolveValue(output.Value ?? '', scope, `output ${name}`) ?? '';
    const exportName = resolveValue(objectAt(output, 'Export').Name ?? '', scope, `output ${name}`);
    if (typeof exportName === 'string' && exportName !== '') {
      const owner = [...deployed.stacks.values()].find(
        (other) => other.name !== stackName && exportName in other.exports,
      );
      if (exportName in exports || owner !== undefined)
        throw new TemplateError(
          `Stack ${stackName}, output ${name}: the export "${exportName}" exists already${owner === undefined ? '' : ` in stack ${owner.name}`}.`,
        );
      exports[exportName] = value;
    }
    outputs[name] = {
      value: typeof value === 'string' ? value : JSON.stringify(value),
      exportName: exportName ? String(exportName) : undefined,
      description: textAt(output, 'Description'),
    };
  }
  return { outputs, exports };
}

/** Names of a template's exports, as far as they can be told before its resources are made. */
export function exportNames({ stack }: StackPlan, scope: TemplateScope): Set<string> {
  const names = new Set<string>();
  for (const output of Object.values(objectAt(stack.template, 'Outputs'))) {
    if (!isObject(output) || !conditionHolds(textAt(output, 'Condition'), scope)) continue;
    const name = resolveValue(objectAt(output, 'Export').Name ?? '', scope, 'an output');
    if (typeof name === 'string') names.add(name);
  }
  return names;
}

/**
 * Refuses to take away, or change, an export that another stack imports, as CloudFormation does.
 * @param remaining the exports that stay as they are
 * @throws TemplateError
 */
export function refuseLossOfExports(
  stack: DeployedStack,
  remaining: (name: string) => boolean,
  deployed: Deployed,
  verb: 'deleted' | 'updated',
): void {
  for (const name of Object.keys(stack.exports)) {
    if (remaining(name)) continue;
    const user = [...deployed.stacks.values()].find((other) => other !== stack && other.imports.includes(name));
    if (user === undefined) continue;
    throw new TemplateError(
      `Export ${name} of stack ${stack.name} cannot be ${verb} as it is in use by ${user.name}. Deploy ${user.name} without it first: keep the export for one more deployment (in the CDK: this.exportValue(...)), then remove it.`,
    );
  }
}
