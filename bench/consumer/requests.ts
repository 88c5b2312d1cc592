import { ReceiveMessageCommand, SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { SQSEvent } from 'aws-lambda';
import { startChild } from '../child.ts';
import { type Contestant, environmentOf } from './contestants.ts';
import type { Answer, Request } from './function-process.ts';
import { BATCH_SIZE, batchOf, declinedMessage, orderMessage, queueEvent } from './messages.ts';
import type { BenchServices } from './services.ts';
import type { Counts } from './services-process.ts';

/** What a batch of ten cost. */
export interface Cost {
  /** Requests per message, by `service operation`. */
  readonly perMessage: Counts;
  readonly dynamodbPerMessage: number;
  /** Share of the messages that were reported as failed, to be delivered again: requests to come. */
  readonly handedBack: number;
}

/** Batches of ten, each with the bodies delivered before it, which do not count. */
const SITUATIONS = {
  happy: (name: string) => ({ before: [], bodies: batchOf(`${name}-happy`, orderMessage) }),
  /** Every message was done before. */
  duplicate(name: string) {
    const bodies = batchOf(`${name}-again`, orderMessage);
    return { before: bodies, bodies };
  },
  /** Five messages, each in the batch twice. */
  'duplicates inside the batch'(name: string) {
    const five = batchOf(`${name}-twice`, orderMessage).slice(0, BATCH_SIZE / 2);
    return { before: [], bodies: [...five, ...five] };
  },
  'failing handler': (name: string) => ({ before: [], bodies: batchOf(`${name}-declined`, declinedMessage) }),
} satisfies Record<string, (name: string) => { before: readonly string[]; bodies: readonly string[] }>;

export type Situation = keyof typeof SITUATIONS;
export const SITUATION_NAMES = Object.keys(SITUATIONS) as readonly Situation[];

/** Counts, at the endpoint, the requests a contestant makes for a batch in each situation, retries of the client included. */
export async function countRequests(
  name: Contestant,
  bundle: string,
  services: BenchServices,
): Promise<Readonly<Record<Situation, Cost>>> {
  const env = environmentOf(name, services.countingUrl, services);
  const { child } = await startChild<Request, Answer, 'ready'>('consumer/function-process.ts', [bundle], env);
  const deliver = async (bodies: readonly string[]) => {
    const answer = await child.ask({ invoke: await throughQueue(bodies, services) });
    if (!('response' in answer)) throw new Error('the function process answered something else');
    return answer.response.batchItemFailures.length;
  };
  const costs: [Situation, Cost][] = [];
  for (const situation of SITUATION_NAMES) {
    const { before, bodies } = SITUATIONS[situation](name);
    if (before.length > 0) await deliver(before);
    await services.counts();
    const failures = await deliver(bodies);
    costs.push([situation, costOf(await services.counts(), failures)]);
  }
  await child.close();
  return Object.fromEntries(costs) as Record<Situation, Cost>;
}

function costOf(counts: Counts, failures: number): Cost {
  const perMessage = Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, count / BATCH_SIZE]));
  const dynamodb = Object.entries(perMessage).filter(([name]) => name.startsWith('dynamodb '));
  return {
    perMessage,
    dynamodbPerMessage: dynamodb.reduce((sum, [, count]) => sum + count, 0),
    handedBack: failures / BATCH_SIZE,
  };
}

/** Real receipt handles: whoever changes the visibility of a failed message is answered. */
async function throughQueue(
  bodies: readonly string[],
  { sqs, queueUrl }: { sqs: SQSClient; queueUrl: string },
): Promise<SQSEvent> {
  const QueueUrl = queueUrl;
  const Entries = bodies.map((MessageBody, i) => ({ Id: String(i), MessageBody }));
  await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  const received: { body: string; handle: string }[] = [];
  while (received.length < bodies.length) {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: BATCH_SIZE }));
    received.push(...Messages.map(({ Body = '', ReceiptHandle = '' }) => ({ body: Body, handle: ReceiptHandle })));
  }
  return queueEvent(
    received.map(({ body }) => body),
    received.map(({ handle }) => handle),
  );
}
