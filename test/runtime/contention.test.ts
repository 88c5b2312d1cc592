import { expect, it } from 'vitest';
import { ENV } from '../../lib/contracts/agreed/environment.ts';
import { subscription } from '../../lib/contracts/subscriptions/subscription.ts';
import { DEFAULT_ACCOUNT } from '../../lib/local/account/account.ts';
import { consume } from '../../lib/runtime/consuming/consume.ts';
import { lambda, type Runtime } from '../../lib/runtime/invocation/runtime.ts';
import { opened, workQueue } from '../contracts/sample-declarations.ts';
import { lambdaContext, sqsEvent } from './lambda-events.ts';
import {
  createBusinessTable,
  createInboxTable,
  createQueue,
  drain,
  itemsOf,
  useLocalServices,
} from './local-services.ts';

/** Transactions that meet, as on AWS: each holds its items for a while, and others that want them are cancelled. */
const { dynamodb } = DEFAULT_ACCOUNT;
useLocalServices({ account: { ...DEFAULT_ACCOUNT, dynamodb: { ...dynamodb, transactionMs: 5 } } });

const WRITERS = 200;
const ARTICLES = 5;
const LONG_MS = 120_000;

it(
  `${WRITERS} writers on ${ARTICLES} articles: all is done, nothing is given up, no attempt is spent`,
  async () => {
    await createInboxTable('inbox');
    await createBusinessTable('stock');
    const [queueUrl, deadLetterQueueUrl] = [await createQueue('contended'), await createQueue('contended-dead')];
    const variables: Record<string, string> = {
      [ENV.inboxTable]: 'inbox',
      [ENV.queue]: queueUrl,
      [ENV.deadLetterQueue]: deadLetterQueueUrl,
    };
    const lines: Record<string, unknown>[] = [];
    let conflicts = 0;
    const runtime: Runtime = {
      ...lambda,
      env: (name) => variables[name],
      write: (line) => lines.push(JSON.parse(line)),
      aws: async (service, operation, input) => {
        try {
          return await lambda.aws(service, operation, input);
        } catch (error) {
          if (JSON.stringify((error as { details?: object }).details ?? {}).includes('TransactionConflict'))
            conflicts += 1;
          throw error;
        }
      },
    };
    const attempts: number[] = [];
    const declared = subscription('writer', { to: workQueue, guarantee: 'effectively-once' });
    const take = consume(
      declared,
      {
        'tickets.ticket-opened': async ({ ticket }, { attempt }) => {
          attempts.push(attempt);
          return [
            {
              Update: {
                TableName: 'stock',
                Key: { pk: ticket },
                UpdateExpression: 'ADD taken :one',
                ExpressionAttributeValues: { ':one': 1 },
              },
            },
          ];
        },
        'tickets.ticket-closed': async () => undefined,
      },
      { runtime },
    );
    /** Hands a message over again until it is done, as its queue does. @returns how often it was received */
    const deliver = async (n: number): Promise<number> => {
      const body = JSON.stringify(opened(`article-${n % ARTICLES}`, `event-${n}`));
      for (let receives = 1; ; receives++) {
        const event = sqsEvent([{ id: `m-${n}`, body, receives }]);
        const { batchItemFailures } = (await take(event, lambdaContext())) as { batchItemFailures: unknown[] };
        if (batchItemFailures.length === 0) return receives;
      }
    };
    await Promise.all(Array.from({ length: WRITERS }, (_, n) => deliver(n)));

    const stock = Object.fromEntries((await itemsOf('stock')).map(({ pk, taken }) => [pk, taken]));
    expect(stock).toEqual(
      Object.fromEntries(Array.from({ length: ARTICLES }, (_, n) => [`article-${n}`, WRITERS / ARTICLES])),
    );
    expect(conflicts, 'they did meet').toBeGreaterThan(WRITERS);
    expect(new Set(attempts)).toEqual(new Set([1]));
    expect((await itemsOf('inbox')).filter(({ state }) => state !== 'done')).toEqual([]);
    expect(await drain(deadLetterQueueUrl)).toEqual([]);
  },
  LONG_MS,
);
