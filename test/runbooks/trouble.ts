import {
  ListEventSourceMappingsCommand,
  PutFunctionConcurrencyCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { GetQueueAttributesCommand, type QueueAttributeName, SendMessageCommand } from '@aws-sdk/client-sqs';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import type { FaultSpec } from '../../lib/local/faults.ts';
import { anOrder, eventually } from '../integration/orders-app.ts';
import type { TroubledApp } from './app.ts';

/** Ways to bring the orders system into trouble, and to see that it is out of it. */

/** Until it is mended. */
const ALWAYS = 1_000_000;
/** An error that no client repeats by itself. */
export const REFUSED = {
  status: 400,
  code: 'AccessDeniedException',
  message: 'somebody has changed the role',
} as const;

const functionName = ({ stackName }: TroubledApp, name: string): string => `${stackName}-${name}`;

/** Places an order. @returns its id */
export async function placeOrder(app: TroubledApp): Promise<string> {
  const order = anOrder();
  await app.shop.place(order);
  return order.invoiceNo;
}

export async function placeOrders(app: TroubledApp, count: number): Promise<void> {
  for (let n = 0; n < count; n++) app.placed.push(await placeOrder(app));
}

/** Every call of a function to an operation is refused, until `mend`. */
export function refuse(
  { engine, stackName }: TroubledApp,
  name: string,
  fault: Pick<FaultSpec, 'service' | 'operation' | 'error'> & { readonly times?: number },
): void {
  engine.services.faults.add({
    ...{ times: ALWAYS, when: 'before', action: fault.error === undefined ? 'throttle' : 'error' },
    ...fault,
    functionName: `${stackName}-${name}`,
  });
}

export const mend = ({ engine }: TroubledApp): void => engine.services.faults.clear();

/** Lambda turns every invocation of the functions away. */
export async function stopFunctions(app: TroubledApp, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    const FunctionName = functionName(app, name);
    await app.lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 0 }));
  }
}

async function mappingOf(app: TroubledApp, name: string) {
  const FunctionName = functionName(app, name);
  const { EventSourceMappings = [] } = await app.lambda.send(new ListEventSourceMappingsCommand({ FunctionName }));
  const [mapping] = EventSourceMappings;
  if (mapping === undefined) throw new Error(`${FunctionName} has no event source mapping`);
  return mapping;
}

/** Somebody has switched a consumer off. */
export async function disableMapping(app: TroubledApp, name: string): Promise<void> {
  const { UUID } = await mappingOf(app, name);
  await app.lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: false }));
  await eventually(`the mapping of ${name} to be off`, async () => (await mappingOf(app, name)).State === 'Disabled');
}

/** A setting of a consumer's mapping. */
export const mappingSetting = async (
  app: TroubledApp,
  name: string,
  setting: 'State' | 'BatchSize' | 'ScalingConfig',
) => (await mappingOf(app, name))[setting];

/** Messages in a queue, hidden ones included. @param output its name among the stack's outputs */
export async function messagesIn(app: TroubledApp, output: string): Promise<number> {
  const counts: QueueAttributeName[] = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'];
  const QueueUrl = app.output(output);
  const { Attributes } = await app.clients.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: counts }),
  );
  return counts.reduce((sum, name) => sum + Number(Attributes?.[name]), 0);
}

export const holds = (app: TroubledApp, output: string, count: number): Promise<unknown> =>
  eventually(`${count} messages in ${output}`, async () => (await messagesIn(app, output)) === count);

/** A message that nobody can read. */
export async function sendGarbage(app: TroubledApp, output: string): Promise<void> {
  const QueueUrl = app.output(output);
  const fifo = { MessageGroupId: 'garbage', MessageDeduplicationId: `garbage-${Date.now()}` };
  await app.clients.sqs.send(
    new SendMessageCommand({ QueueUrl, MessageBody: 'no event', ...(QueueUrl.endsWith('.fifo') ? fifo : {}) }),
  );
}

/** Waits until the customer of an order was charged. */
export const charged = (app: TroubledApp, orderId: string): Promise<unknown> =>
  eventually(`the payment of order ${orderId}`, async () => {
    const Key = { orderId, sequence: 1 };
    const { Item } = await app.clients.dynamodb.send(new GetCommand({ TableName: app.output('PaymentsTable'), Key }));
    return Item?.status === 'approved';
  });

/** Waits until the customers of all orders were. */
export const allCharged = (app: TroubledApp): Promise<unknown> =>
  Promise.all(app.placed.map((order) => charged(app, order)));
