import type { StackInfo } from './provision/resources/deployed.ts';
import type { ServiceHandler, ServiceResponse } from './service.ts';

const NAMESPACE = 'http://cloudformation.amazonaws.com/doc/2010-05-15/';

/** What the API knows of the stacks, and may do to them. */
export interface StackControl {
  list(): readonly StackInfo[];
  /** @throws Error that says why the stack cannot be deleted */
  delete(nameOrId: string): Promise<void>;
}

type Operation = (stacks: readonly StackInfo[], parameters: URLSearchParams) => string;

const operations: Readonly<Record<string, Operation>> = {
  DescribeStacks: (stacks, parameters) =>
    element('Stacks', selected(stacks, parameters).map(stackXml).map(member).join('')),
  ListStacks: (stacks) => element('StackSummaries', stacks.map(summaryXml).map(member).join('')),
  ListStackResources: (stacks, parameters) =>
    element('StackResourceSummaries', resourcesXml(one(stacks, parameters), parameters)),
  DescribeStackResources: (stacks, parameters) =>
    element('StackResources', resourcesXml(one(stacks, parameters), parameters)),
  GetTemplate: (stacks, parameters) =>
    element('TemplateBody', escapeXml(JSON.stringify(one(stacks, parameters).template))) +
    element('StagesAvailable', member('Original') + member('Processed')),
  ListExports: (stacks) => element('Exports', stacks.flatMap(exportsXml).map(member).join('')),
};

/** Answers the part of the CloudFormation API that finds out what was deployed, and DeleteStack (Query protocol). */
export function cloudformationApi(control: StackControl): ServiceHandler {
  return async (request): Promise<ServiceResponse> => {
    const parameters = new URLSearchParams(
      request.body.length > 0 ? request.body.toString('utf8') : request.url.split('?')[1],
    );
    const action = parameters.get('Action') ?? '';
    if (action === 'DeleteStack') return deleteStack(parameters, control);
    const operation = operations[action];
    if (!operation) {
      const known = [...Object.keys(operations), 'DeleteStack'].join(', ');
      return failure(
        'InvalidAction',
        `The action ${action} is not available in the engine; available: ${known}. It deploys an assembly when it starts.`,
      );
    }
    try {
      return success(action, element(`${action}Result`, operation(control.list(), parameters)));
    } catch (error) {
      if (error instanceof UnknownStack) return failure('ValidationError', error.message);
      throw error;
    }
  };
}

async function deleteStack(parameters: URLSearchParams, control: StackControl): Promise<ServiceResponse> {
  try {
    await control.delete(parameters.get('StackName') ?? '');
    return success('DeleteStack', '');
  } catch (error) {
    return failure('ValidationError', error instanceof Error ? error.message : String(error));
  }
}

class UnknownStack extends Error {
  override readonly name = 'UnknownStack';
}

function selected(stacks: readonly StackInfo[], parameters: URLSearchParams): readonly StackInfo[] {
  return parameters.get('StackName') === null ? stacks : [one(stacks, parameters)];
}

function one(stacks: readonly StackInfo[], parameters: URLSearchParams): StackInfo {
  const wanted = parameters.get('StackName') ?? '';
  const stack = stacks.find(({ name, id }) => name === wanted || id === wanted);
  if (!stack) throw new UnknownStack(`Stack with id ${wanted} does not exist`);
  return stack;
}

function stackXml(stack: StackInfo): string {
  const outputs = Object.entries(stack.outputs).map(([OutputKey, { value, exportName, description }]) =>
    member(fields({ OutputKey, OutputValue: value, ExportName: exportName, Description: description })),
  );
  return summaryXml(stack) + element('Outputs', outputs.join('')) + element('Parameters', '') + element('Tags', '');
}

function summaryXml({ name, id, createdAt, updatedAt, failedDeletion }: StackInfo): string {
  return fields({
    StackName: name,
    StackId: id,
    StackStatus:
      failedDeletion !== undefined ? 'DELETE_FAILED' : updatedAt === undefined ? 'CREATE_COMPLETE' : 'UPDATE_COMPLETE',
    StackStatusReason: failedDeletion,
    CreationTime: createdAt.toISOString(),
    LastUpdatedTime: updatedAt?.toISOString(),
  });
}

function resourcesXml({ name, id, resources, createdAt, updatedAt }: StackInfo, parameters: URLSearchParams): string {
  const wanted = parameters.get('LogicalResourceId');
  const time = (updatedAt ?? createdAt).toISOString();
  return Object.entries(resources)
    .filter(([logicalId]) => wanted === null || logicalId === wanted)
    .map(([LogicalResourceId, { type, physicalId }]) =>
      fields({
        StackName: name,
        StackId: id,
        LogicalResourceId,
        PhysicalResourceId: physicalId,
        ResourceType: type,
        ResourceStatus: 'CREATE_COMPLETE',
        LastUpdatedTimestamp: time,
        Timestamp: time,
      }),
    )
    .map(member)
    .join('');
}

function exportsXml({ id, outputs }: StackInfo): string[] {
  return Object.values(outputs)
    .filter(({ exportName }) => exportName !== undefined)
    .map(({ value, exportName }) => fields({ ExportingStackId: id, Name: exportName, Value: value }));
}

function fields(values: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value = '']) => element(name, escapeXml(value)))
    .join('');
}

const member = (content: string): string => element('member', content);
const element = (name: string, content: string): string => `<${name}>${content}</${name}>`;
const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};
const escapeXml = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => escapes[character] ?? character);

function success(action: string, result: string): ServiceResponse {
  const metadata = element('ResponseMetadata', element('RequestId', crypto.randomUUID()));
  const body = `<${action}Response xmlns="${NAMESPACE}">${result}${metadata}</${action}Response>`;
  return { status: 200, headers: { 'content-type': 'text/xml' }, body };
}

function failure(code: string, message: string): ServiceResponse {
  const body = `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>Sender</Type><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error><RequestId>${crypto.randomUUID()}</RequestId></ErrorResponse>`;
  return { status: 400, headers: { 'content-type': 'text/xml' }, body };
}
