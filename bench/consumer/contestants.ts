import { ENV } from '../../lib/contracts/agreed/environment.ts';

export type Contestant = 'sluice' | 'powertools' | 'middy';

/** Whom the others are compared with. */
export const REFERENCE: Contestant = 'powertools';
export const CONTESTANTS: readonly Contestant[] = ['sluice', 'powertools', 'middy'];

/** Packages whose versions belong to the result. */
export const PACKAGES: Readonly<Record<Contestant, readonly string[]>> = {
  sluice: ['valibot', '@middy/core'],
  powertools: [
    '@aws-lambda-powertools/batch',
    '@aws-lambda-powertools/idempotency',
    '@aws-lambda-powertools/parser',
    '@aws-lambda-powertools/logger',
    '@aws-lambda-powertools/metrics',
    '@aws-sdk/client-dynamodb',
    'zod',
  ],
  middy: ['@middy/core', '@middy/sqs-partial-batch-failure', '@aws-sdk/client-dynamodb', 'zod'],
};

/** Tables, each with its partition key: every contestant works on its own. */
export const tablesOf = (name: Contestant) => ({
  orders: { name: `orders-${name}`, key: 'orderId' },
  memory: { name: `memory-${name}`, key: name === 'sluice' ? 'pk' : 'id' },
});

export interface Queues {
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
}

/** What Lambda and the deployment put into the environment of a contestant's function. */
export function environmentOf(name: Contestant, endpoint: string, queues: Queues): Record<string, string> {
  const { orders, memory } = tablesOf(name);
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
    AWS_LAMBDA_FUNCTION_NAME: 'record-order',
    ORDERS_TABLE: orders.name,
    IDEMPOTENCY_TABLE: memory.name,
    POWERTOOLS_SERVICE_NAME: 'record-order',
    POWERTOOLS_METRICS_NAMESPACE: 'Bench',
    [ENV.inboxTable]: memory.name,
    [ENV.queue]: queues.queueUrl,
    [ENV.deadLetterQueue]: queues.deadLetterQueueUrl,
  };
}
