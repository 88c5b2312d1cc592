import { CfnOutput, CfnParameter, type CfnResource, Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { at, listOf, recordOf } from './json.ts';

/** A value of another stack, with the stack in which its references mean something. */
export interface Passed {
  readonly stack: Stack;
  readonly value: unknown;
}

/** What `Ref` and `Fn::GetAtt` refer to, by its logical id. */
export function referredId(value: unknown): string | undefined {
  const { Ref: ref } = recordOf(value);
  const id = ref ?? attributeOf(value)[0];
  return typeof id === 'string' ? id : undefined;
}

function attributeOf(value: unknown): readonly unknown[] {
  const attribute = recordOf(value)['Fn::GetAtt'];
  return typeof attribute === 'string' ? attribute.split(/\.(.*)/s) : listOf(attribute);
}

/**
 * Reads what crosses the borders of stacks: exports, outputs that others look up (weak references), and the parameters and outputs of nested stacks.
 * @returns what a reference of a stack stands for in another one; undefined when it stays in its stack
 */
export function readBorders(constructs: readonly IConstruct[]): (value: unknown, stack: Stack) => Passed | undefined {
  const passed = new Map<string, Passed>();
  for (const construct of constructs) {
    if (construct instanceof CfnOutput)
      for (const key of keysOfOutput(construct)) passed.set(key, outputValue(construct));
    const given = construct instanceof CfnParameter ? argumentOf(construct) : undefined;
    if (given !== undefined) passed.set(...given);
  }
  return (value, stack) => {
    const { 'Fn::ImportValue': imported, 'Fn::GetStackOutput': output } = recordOf(value);
    if (imported !== undefined) return passed.get(KEY.ofExport(imported));
    if (output !== undefined) return passed.get(KEY.ofOutput(at(output, 'StackName'), at(output, 'OutputName')));
    return (
      passed.get(KEY.within(stack, attributeOf(value).join('.'))) ?? passed.get(KEY.within(stack, referredId(value)))
    );
  };
}

const KEY = {
  ofExport: (name: unknown): string => `export ${name}`,
  ofOutput: (stackName: unknown, id: unknown): string => `output ${stackName} ${id}`,
  within: (stack: Stack, id: unknown): string => `${stack.node.path} ${id}`,
};

const outputValue = (output: CfnOutput): Passed => ({ stack: output.stack, value: output.stack.resolve(output.value) });

/** Every way by which others can ask for an output. */
function keysOfOutput(output: CfnOutput): readonly string[] {
  const { stack } = output;
  const id: unknown = stack.resolve(output.logicalId);
  const name: unknown = stack.resolve(output.exportName);
  const nested = stack.nestedStackResource;
  return [
    KEY.ofOutput(stack.stackName, id),
    ...(name === undefined ? [] : [KEY.ofExport(name)]),
    ...(nested === undefined ? [] : [KEY.within(Stack.of(nested), `${idOf(nested)}.Outputs.${id}`)]),
  ];
}

/** What the stack around a nested one passes for a parameter. */
function argumentOf(parameter: CfnParameter): readonly [key: string, passed: Passed] | undefined {
  const nested = parameter.stack.nestedStackResource as CfnResource | undefined;
  if (nested === undefined) return undefined;
  const { stack } = nested;
  const id = String(parameter.stack.resolve(parameter.logicalId));
  const template: unknown = stack.resolve(nested._toCloudFormation());
  const value = at(template, 'Resources', idOf(nested), 'Properties', 'Parameters', id);
  return [KEY.within(parameter.stack, id), { stack, value }];
}

const idOf = (resource: { readonly stack: Stack; readonly logicalId: string }): string =>
  String(resource.stack.resolve(resource.logicalId));
