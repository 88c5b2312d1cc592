import { CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { DEFAULT_ACCOUNT } from '../../lib/local/account/account.ts';
import { patient, Throttled } from '../../lib/operations/systems/sending.ts';
import { anOrder, eventually, type OrdersOnEngine, STACK, startOrders } from './orders-app.ts';

/** Who places orders when a table takes no more is told to come again, and loses nothing by it. */
let app: OrdersOnEngine;
beforeAll(async () => {
  const dynamodb = { ...DEFAULT_ACCOUNT.dynamodb, newTableWrites: 3 };
  app = await startOrders({ account: { ...DEFAULT_ACCOUNT, dynamodb } });
});
afterAll(() => app.close());

const line = (n: number) => ({ sku: `SKU-${n}`, description: 'A LANTERN', quantity: 1, unitPrice: 1 });
/** Its row costs the outbox table some ten seconds of what it takes. */
const aLargeOrder = () => anOrder({ lines: Array.from({ length: 150 }, (_, n) => line(n)) });

it('place-order answers 429 with Retry-After, and takes the same order later', async () => {
  const lambda = new LambdaClient({});
  onTestFinished(() => lambda.destroy());
  const order = anOrder();
  const byUrl = { requestContext: {}, rawPath: '/', isBase64Encoded: false, body: JSON.stringify(order) };
  await app.shop.place(aLargeOrder());

  const { FunctionError, Payload } = await lambda.send(
    new InvokeCommand({ FunctionName: app.output('PlaceOrderFunction'), Payload: JSON.stringify(byUrl) }),
  );
  expect(FunctionError).toBeUndefined();
  const answer = JSON.parse(Buffer.from(Payload ?? []).toString('utf8'));
  expect(answer).toMatchObject({ statusCode: 429, headers: { 'retry-after': expect.stringMatching(/^[1-5]$/) } });
  expect(JSON.parse(answer.body)).toEqual({
    status: 'throttled',
    retryAfterSeconds: Number(answer.headers['retry-after']),
  });
  await expect(app.shop.place(order)).rejects.toThrow(Throttled);

  // Nothing of it was kept: it is no duplicate.
  const patiently = patient({ send: (request: unknown) => app.shop.place(request), close: () => undefined });
  expect(await patiently.send(order)).toMatchObject({ status: 'accepted', duplicate: false });
});

it('it is counted for the alarm on throttles, and is no error of the function', async () => {
  const cloudwatch = new CloudWatchClient({});
  onTestFinished(() => cloudwatch.destroy());
  const sumOf = async (Namespace: string, MetricName: string, dimensions: Record<string, string>) => {
    const { Datapoints = [] } = await cloudwatch.send(
      new GetMetricStatisticsCommand({
        ...{ Namespace, MetricName, Statistics: ['Sum'], Period: 60 },
        Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
        StartTime: new Date(Date.now() - 600_000),
        EndTime: new Date(Date.now() + 60_000),
      }),
    );
    return Datapoints.reduce((sum, point) => sum + (point.Sum ?? 0), 0);
  };
  const about = { stack: STACK, function: 'place-order' };
  await eventually('two calls or more', async () => (await sumOf('Sluice', 'ThrottledCalls', about)) >= 2);
  expect(await sumOf('AWS/Lambda', 'Errors', { FunctionName: `${STACK}-place-order` })).toBe(0);
});
