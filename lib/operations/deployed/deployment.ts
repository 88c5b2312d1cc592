import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';

/** Outputs of a deployed stack, by name. */
export type Outputs = Readonly<Record<string, string>>;

/** Where a stack is, for whoever is about to write to it. */
export interface Place {
  readonly account: string;
  readonly region: string;
  /** Of an engine or a compatible endpoint; undefined: AWS itself. */
  readonly endpoint: string | undefined;
}

/** A stack is not where the SDK's environment points. */
export class NotDeployed extends Error {
  override readonly name = 'NotDeployed';
  constructor(stackName: string, endpoint: string | undefined, cause: unknown) {
    super(
      `stack '${stackName}' was not found ${endpoint === undefined ? 'in the AWS account of the current credentials' : `at ${endpoint}`}. ` +
        'Start the engine with `npx sluice local --watch` and set the variables it prints, deploy with `npx cdk deploy --all`, or name another stage with --stage. ' +
        `(${cause instanceof Error ? cause.message : String(cause)})`,
      { cause },
    );
  }
}

/**
 * Reads a stack's outputs from wherever the SDK's environment points: the engine, a compatible endpoint or AWS.
 * @throws NotDeployed when the stack is not there, or nothing answers
 */
export const outputsOf = async (stackName: string): Promise<Outputs> => (await deploymentOf(stackName)).outputs;

/**
 * The same with the place where the stack is.
 * @throws NotDeployed when the stack is not there, or nothing answers
 */
export async function deploymentOf(
  stackName: string,
): Promise<{ readonly outputs: Outputs; readonly place: (writesTo: 'LAMBDA' | 'DYNAMODB') => Place }> {
  const client = new CloudFormationClient({});
  try {
    let url = '';
    // Whatever a variable, a profile or a file says: where the request goes.
    client.middlewareStack.add(
      (next) => (args) => {
        const { protocol, hostname, port } = args.request as { protocol: string; hostname: string; port?: number };
        url = `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`;
        return next(args);
      },
      { step: 'finalizeRequest' },
    );
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: stackName }));
    const { Outputs: outputs = [], StackId = '' } = Stacks?.[0] ?? {};
    const usual = /\.amazonaws\.com(\.cn)?$/.test(url) ? undefined : url;
    // arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/ID
    const [, , , region = '', account = ''] = StackId.split(':');
    return {
      outputs: Object.fromEntries(outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue])),
      place: (service) => ({ account, region, endpoint: process.env[`AWS_ENDPOINT_URL_${service}`] ?? usual }),
    };
  } catch (error) {
    throw new NotDeployed(stackName, process.env.AWS_ENDPOINT_URL, error);
  } finally {
    client.destroy();
  }
}

/** A place as a sentence has it. */
export const placeInWords = ({ account, region, endpoint }: Place): string =>
  `account ${account}, region ${region}, ${endpoint === undefined ? 'on AWS' : `at ${endpoint}`}`;

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
