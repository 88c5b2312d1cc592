import { referenceOf, textOf } from './intrinsics.ts';
import { at, listOf, recordOf } from './json.ts';
import type { Template } from './templates.ts';

/** A value of another stack, with the template in which its references mean something. */
export interface Passed {
  readonly template: Template;
  readonly value: unknown;
}

/**
 * Reads what crosses the borders of stacks: exports, outputs that others look up (weak references), and the parameters and outputs of nested stacks.
 * @returns what a reference of a template stands for in another one; undefined when it stays in its stack
 */
export function readBorders(
  templates: readonly Template[],
): (value: unknown, template: Template) => Passed | undefined {
  const passed = new Map<string, Passed>();
  const number = new Map(templates.map((template, i) => [template, i]));
  const within = (template: Template, name: string): string => `within ${number.get(template)} ${name}`;
  for (const template of templates) {
    for (const [id, output] of Object.entries(recordOf(template.body.Outputs))) {
      const value = { template, value: recordOf(output).Value };
      for (const key of keysOfOutput(template, id, output)) passed.set(key, value);
      const { within: around } = template;
      if (around !== undefined) passed.set(within(around.template, `${around.logicalId}.Outputs.${id}`), value);
    }
    if (template.within === undefined) continue;
    const { template: around, logicalId } = template.within;
    const given = recordOf(at(around.body, 'Resources', logicalId, 'Properties', 'Parameters'));
    for (const [id, value] of Object.entries(given)) passed.set(within(template, id), { template: around, value });
  }
  return (value, template) => {
    const { 'Fn::ImportValue': imported, 'Fn::GetStackOutput': output } = recordOf(value);
    if (imported !== undefined) return passed.get(KEY.ofExport(imported));
    if (output !== undefined) return passed.get(KEY.ofOutput(at(output, 'StackName'), at(output, 'OutputName')));
    const reference = referenceOf(value);
    if (reference === undefined) return undefined;
    const { id, attribute } = reference;
    return passed.get(within(template, attribute === undefined ? id : `${id}.${attribute}`));
  };
}

// Names that are put together match when they are put together of the same.
const KEY = {
  ofExport: (name: unknown): string => `export ${textOf(name) ?? JSON.stringify(name)}`,
  ofOutput: (stackName: unknown, id: unknown): string => `output ${textOf(stackName)} ${textOf(id)}`,
};

/** Every way by which stacks that are not around it can ask for an output. */
function keysOfOutput({ stackName }: Template, id: string, output: unknown): readonly string[] {
  const names = listOf(at(output, 'Export', 'Name'));
  return [...(stackName === undefined ? [] : [KEY.ofOutput(stackName, id)]), ...names.map(KEY.ofExport)];
}
