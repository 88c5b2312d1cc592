import { CfnElement, type Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { recordOf } from './json.ts';
import type { Template } from './templates.ts';

/**
 * The templates of a construct tree. Call it when the tree is synthesised: before, references to other stacks cannot be told from those within.
 */
export function templatesOf(root: IConstruct): readonly Template[] {
  const elements = Map.groupBy(root.node.findAll().filter(CfnElement.isCfnElement), ({ stack }) => stack);
  const made = new Map<Stack, Template>();
  const make = (stack: Stack): Template => {
    const known = made.get(stack);
    if (known !== undefined) return known;
    const { nestedStackResource: nested, nestedStackParent: parent } = stack;
    const own = elements.get(stack) ?? [];
    const template: Template = {
      path: stack.node.path,
      stackName: stack.stackName,
      body: bodyOf(stack, own),
      paths: new Map(own.map((element) => [idOf(element), element.node.path])),
      ...(nested === undefined || parent === undefined || !elements.has(parent)
        ? {}
        : { within: { template: make(parent), logicalId: idOf(nested as CfnElement) } }),
    };
    made.set(stack, template);
    return template;
  };
  return [...elements.keys()].map(make);
}

const idOf = (element: CfnElement): string => String(element.stack.resolve(element.logicalId));

/** What elements render to together, overrides included: the part of the stack that is below the root. */
function bodyOf(stack: Stack, elements: readonly CfnElement[]): Template['body'] {
  const body: Record<string, Record<string, unknown>> = {};
  for (const element of elements) {
    const rendered = recordOf(stack.resolve(element._toCloudFormation()));
    for (const [section, members] of Object.entries(rendered))
      body[section] = { ...body[section], ...recordOf(members) };
  }
  return body;
}

/** A construct with all around and all below it. */
export const aroundAndBelow = (root: IConstruct): readonly IConstruct[] => [
  ...root.node.scopes.slice(0, -1),
  ...root.node.findAll(),
];
