import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';

/** Outputs of a deployed stack, by name. */
export type Outputs = Readonly<Record<string, string>>;

/** A stack is not where the SDK's environment points. */
export class NotDeployed extends Error {
  override readonly name = 'NotDeployed';
  constructor(stackName: string, endpoint: string | undefined, cause: unknown) {
    super(
      `stack '${stackName}' was not found ${endpoint === undefined ? 'in the AWS account of the current credentials' : `at ${endpoint}`}. ` +
        'Start the engine with `npm start` and set the variables it prints, deploy with `npx cdk deploy --all`, or name another stage with --stage. ' +
        `(${cause instanceof Error ? cause.message : String(cause)})`,
      { cause },
    );
  }
}

/**
 * Reads a stack's outputs from wherever the SDK's environment points: the engine, a compatible endpoint or AWS.
 * @throws NotDeployed when the stack is not there, or nothing answers
 */
export async function outputsOf(stackName: string): Promise<Outputs> {
  const client = new CloudFormationClient({});
  try {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: stackName }));
    const outputs = Stacks?.[0]?.Outputs ?? [];
    return Object.fromEntries(outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
  } catch (error) {
    throw new NotDeployed(stackName, process.env.AWS_ENDPOINT_URL, error);
  } finally {
    client.destroy();
  }
}

/**
 * An output that must be there.
 * @throws Error naming it when the stack has no such output: it was deployed by another version
 */
export function output(outputs: Outputs, name: string): string {
  const value = outputs[name];
  if (value === undefined) {
    throw new Error(
      `the deployed stack has no output '${name}' (it has: ${Object.keys(outputs).join(', ')}); deploy it again`,
    );
  }
  return value;
}
