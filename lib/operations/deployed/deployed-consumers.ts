import { type CloudFormationClient, paginateListStackResources } from '@aws-sdk/client-cloudformation';
import { GetFunctionConfigurationCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { ENV } from '../../contracts/agreed/environment.ts';
import { NotDeployed } from './deployment.ts';

/** A subscription as it is deployed. */
export interface DeployedConsumer {
  readonly subscription: string;
  readonly functionName: string;
  /** undefined: it keeps nothing in a table. */
  readonly inboxTable: string | undefined;
  /** The variables of its function. */
  readonly variables: Readonly<Record<string, string>>;
}

export interface DeploymentClients {
  readonly cloudformation: CloudFormationClient;
  readonly lambda: LambdaClient;
}

/** The subscription has no consumer in the stack. */
export class UnknownConsumer extends Error {
  override readonly name = 'UnknownConsumer';
  constructor(subscription: string, stackName: string, known: readonly string[]) {
    super(
      `subscription '${subscription}' has no consumer in stack '${stackName}' (it has: ${known.join(', ') || 'none'}). Check the name, or name another stack with --stack.`,
    );
  }
}

/**
 * The consumers of a stack: its functions that know a dead-letter queue. A consumer's function has the name of the stack and of its
 * subscription, so that nothing has to be declared for the tools to find it.
 * @throws NotDeployed when the stack is not there, or nothing answers
 */
export async function deployedConsumers(
  { cloudformation, lambda }: DeploymentClients,
  stackName: string,
): Promise<readonly DeployedConsumer[]> {
  const prefix = `${stackName}-`;
  const names = (await functionsOf(cloudformation, stackName)).filter((name) => name.startsWith(prefix));
  const found: DeployedConsumer[] = [];
  for (const functionName of names.sort()) {
    const { Environment } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: functionName }));
    const variables = Environment?.Variables ?? {};
    if (variables[ENV.deadLetterQueue] === undefined) continue;
    const subscription = functionName.slice(prefix.length);
    found.push({ subscription, functionName, inboxTable: variables[ENV.inboxTable], variables });
  }
  return found;
}

/**
 * The consumer of one subscription.
 * @throws UnknownConsumer, which names those that are there; NotDeployed as `deployedConsumers`
 */
export async function deployedConsumer(
  clients: DeploymentClients,
  stackName: string,
  subscription: string,
): Promise<DeployedConsumer> {
  const consumers = await deployedConsumers(clients, stackName);
  const found = consumers.find((consumer) => consumer.subscription === subscription);
  if (found !== undefined) return found;
  throw new UnknownConsumer(
    subscription,
    stackName,
    consumers.map((consumer) => consumer.subscription),
  );
}

async function functionsOf(client: CloudFormationClient, stackName: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { StackResourceSummaries = [] } of paginateListStackResources(
      { client },
      { StackName: stackName },
    )) {
      for (const { ResourceType, PhysicalResourceId } of StackResourceSummaries) {
        if (ResourceType === 'AWS::Lambda::Function' && PhysicalResourceId !== undefined)
          names.push(PhysicalResourceId);
      }
    }
  } catch (error) {
    throw new NotDeployed(stackName, process.env.AWS_ENDPOINT_URL, error);
  }
  return names;
}
