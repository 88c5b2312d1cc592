import { type CloudFormationClient, paginateListStackResources } from '@aws-sdk/client-cloudformation';
import {
  type EventSourceMappingConfiguration,
  GetFunctionConfigurationCommand,
  type LambdaClient,
  paginateListEventSourceMappings,
} from '@aws-sdk/client-lambda';
import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { ENV } from '../../contracts/agreed/environment.ts';
import { paced } from '../traffic/pace.ts';
import { NotDeployed } from './deployment.ts';

/** A queue of a stack. */
export interface DeployedQueue {
  readonly url: string;
  /** Without the stack's name and `.fifo`: `payments`. */
  readonly name: string;
}

/** Something that is consumed, and by whom: names of functions without the stack's. */
export interface Consumed {
  /** Of a log and a table: the whole name, as the API takes it. */
  readonly name: string;
  readonly consumers: readonly string[];
}

/** A queue at the end of the line: what is in it was given up by somebody. */
export interface DeadLetterQueue extends DeployedQueue {
  /** The consumer that gives up into it (a subscription's name), or else the queue's own name without `-dead-letters`. */
  readonly owner: string;
}

/** The queues, logs, streams of tables and consumers of a stack, whoever added them. */
export interface DeployedMessaging {
  readonly queues: readonly (DeployedQueue & Consumed)[];
  readonly deadLetterQueues: readonly DeadLetterQueue[];
  /** Queues that nothing in the stack reads and nobody gives up into. */
  readonly unread: readonly DeployedQueue[];
  readonly logs: readonly Consumed[];
  readonly tableStreams: readonly Consumed[];
  /** Consumers of queues, logs and streams with Sluice's runtime, by name of their subscription. */
  readonly consumers: readonly string[];
  /** Those of them that keep every record as it is (`LogArchive`) and give none up. */
  readonly archives: readonly string[];
  readonly outboxTables: readonly string[];
  readonly inboxTables: readonly string[];
}

/** What reads a stack; `Clients` has it. */
export interface InventoryClients {
  readonly cloudformation: CloudFormationClient;
  readonly lambda: LambdaClient;
  readonly sqs: SQSClient;
}

interface FoundFunction {
  readonly name: string;
  /** Where failed asynchronous calls end: ARN. */
  readonly deadLetters: string | undefined;
  readonly variables: Readonly<Record<string, string>>;
  readonly mappings: readonly EventSourceMappingConfiguration[];
}

/** Calls at once: a stack may have hundreds of functions, and Lambda grants an account 100 reads a second. */
const PARALLEL = 8;

/**
 * Looks at what a stack has.
 * @throws NotDeployed when the stack is not there, or nothing answers
 */
export async function deployedMessaging(clients: InventoryClients, stackName: string): Promise<DeployedMessaging> {
  const resources = await resourcesOf(clients.cloudformation, stackName);
  const named = (type: string) => resources.filter((one) => one.type === type).map(({ id }) => id);
  const prefix = `${stackName}-`;
  const short = (name: string) => (name.startsWith(prefix) ? name.slice(prefix.length) : name).replace(/\.fifo$/, '');
  const functions = await each(named('AWS::Lambda::Function'), (id) => lookAt(clients.lambda, id, short(id)));
  const queues = await each(named('AWS::SQS::Queue'), (url) => queueAt(clients.sqs, url, short));

  const readers = (arnEnd: string) =>
    functions
      .filter(({ mappings }) => mappings.some(({ EventSourceArn = '' }) => EventSourceArn.endsWith(arnEnd)))
      .map(({ name }) => name)
      .sort();
  /** Where failures end, by the end of the queue's ARN. */
  const ends = new Set([
    ...queues.flatMap(({ givesUpTo }) => givesUpTo ?? []),
    ...functions.flatMap(({ deadLetters, mappings }) => [
      ...(deadLetters === undefined ? [] : [deadLetters]),
      ...mappings.flatMap(({ DestinationConfig }) => DestinationConfig?.OnFailure?.Destination ?? []),
    ]),
  ]);
  const found = queues.map((queue) => {
    const owner = functions.find(({ variables }) => variables[ENV.deadLetterQueue] === queue.url)?.name;
    return { ...queue, owner, consumers: readers(`:${queue.fullName}`) };
  });
  const isLast = (queue: (typeof found)[number]) =>
    queue.owner !== undefined || ends.has(queue.arn) || DEAD_LETTERS.test(queue.name);
  const ownerOf = ({ owner, name }: (typeof found)[number]) => owner ?? (name.replace(DEAD_LETTERS, '') || name);
  const unread = found.filter(({ consumers }) => consumers.length === 0);
  return {
    queues: found
      .filter(({ consumers }) => consumers.length > 0)
      .map(({ url, name, consumers }) => ({ url, name, consumers })),
    deadLetterQueues: unread
      .filter(isLast)
      .map((queue) => ({ url: queue.url, name: queue.name, owner: ownerOf(queue) })),
    unread: unread.filter((queue) => !isLast(queue)).map(({ url, name }) => ({ url, name })),
    logs: named('AWS::Kinesis::Stream').map((name) => ({
      name,
      consumers: [...new Set([...readers(`:stream/${name}`), ...readersOfConsumersOf(functions, name)])].sort(),
    })),
    tableStreams: [...named('AWS::DynamoDB::Table'), ...named('AWS::DynamoDB::GlobalTable')]
      .map((name) => ({ name, consumers: functions.filter((one) => readsTable(one, name)).map((one) => one.name) }))
      .filter(({ consumers }) => consumers.length > 0),
    consumers: functions
      .filter(({ variables }) => variables[ENV.deadLetterQueue] !== undefined)
      .map(({ name }) => name)
      .sort(),
    archives: functions.filter(({ variables }) => variables[ENV.archive] !== undefined).map(({ name }) => name),
    outboxTables: valuesOf(functions, ENV.outboxTable),
    inboxTables: valuesOf(functions, ENV.inboxTable),
  };
}

/** How dead-letter queues are called, here and by people who do it by hand. */
const DEAD_LETTERS = /-?(dead-?letters?|dead-?letter-queue|dlq)$/i;

const valuesOf = (functions: readonly FoundFunction[], variable: string): string[] => [
  ...new Set(functions.flatMap(({ variables }) => variables[variable] ?? [])),
];

const readsTable = ({ mappings }: FoundFunction, table: string): boolean =>
  mappings.some(({ EventSourceArn = '' }) => EventSourceArn.includes(`:table/${table}/stream/`));

/** With enhanced fan-out a mapping reads a consumer of the stream. */
const readersOfConsumersOf = (functions: readonly FoundFunction[], stream: string): string[] =>
  functions
    .filter(({ mappings }) =>
      mappings.some(({ EventSourceArn = '' }) => EventSourceArn.includes(`:stream/${stream}/consumer/`)),
    )
    .map(({ name }) => name);

async function resourcesOf(
  client: CloudFormationClient,
  stackName: string,
): Promise<{ readonly type: string; readonly id: string }[]> {
  const found: { type: string; id: string }[] = [];
  try {
    for await (const page of paginateListStackResources({ client }, { StackName: stackName })) {
      // What an update took away is listed still.
      for (const { ResourceType: type = '', PhysicalResourceId: id, ResourceStatus } of page.StackResourceSummaries ??
        [])
        if (id !== undefined && ResourceStatus !== 'DELETE_COMPLETE') found.push({ type, id });
    }
  } catch (error) {
    throw new NotDeployed(stackName, process.env.AWS_ENDPOINT_URL, error);
  }
  return found;
}

/** Looks at each, a few at once. @returns what was found, in the order of the items */
async function each<T, R>(items: readonly T[], look: (item: T) => Promise<R>): Promise<R[]> {
  const found: R[] = [];
  await paced(
    items.entries(),
    ([i]) => String(i),
    async ([i, item]) => {
      found[i] = await look(item);
    },
    { parallel: PARALLEL },
  );
  return found;
}

async function lookAt(lambda: LambdaClient, FunctionName: string, name: string): Promise<FoundFunction> {
  const { Environment, DeadLetterConfig } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
  const mappings: EventSourceMappingConfiguration[] = [];
  for await (const page of paginateListEventSourceMappings({ client: lambda }, { FunctionName }))
    mappings.push(...(page.EventSourceMappings ?? []));
  return { name, deadLetters: DeadLetterConfig?.TargetArn, variables: Environment?.Variables ?? {}, mappings };
}

async function queueAt(sqs: SQSClient, url: string, short: (name: string) => string) {
  const names = ['QueueArn', 'RedrivePolicy'] as const;
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: [...names] }));
  const fullName = url.slice(url.lastIndexOf('/') + 1);
  const redrive = JSON.parse(Attributes?.RedrivePolicy ?? '{}') as { readonly deadLetterTargetArn?: string };
  return {
    url,
    fullName,
    name: short(fullName),
    arn: Attributes?.QueueArn ?? '',
    givesUpTo: redrive.deadLetterTargetArn,
  };
}
