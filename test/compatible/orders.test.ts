import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OrdersApp, openOrders, STACK } from '../integration/orders-app.ts';
import { describeOrders } from '../integration/orders-scenarios.ts';
import { type Deployment, deployOrders, destroyOrders } from './deployment.ts';
import { endpointEnvironment, identify } from './endpoint.ts';
import { ENGINE_ONLY } from './engine-only.ts';
import { DISPENSABLE } from './left-out.ts';
import { remainsOf } from './remains.ts';

/** The orders app at the endpoint of the environment, from `cdk bootstrap` to `cdk destroy`. `npm run test:localstack` runs it. */
const endpoint = process.env.AWS_ENDPOINT_URL;
if (endpoint === undefined)
  throw new Error('AWS_ENDPOINT_URL is not set; run these tests with npm run test:localstack');
const env = endpointEnvironment(endpoint);
const url = env.AWS_ENDPOINT_URL_S3;
const name = await identify(url);

const DEPLOY_WITHIN_MS = 600_000;

let deployment: Deployment | undefined;
let app: OrdersApp | undefined;

const running = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('the app was not deployed');
  return value;
};

beforeAll(async () => {
  for (const variable of ['AWS_PROFILE', 'AWS_SESSION_TOKEN']) delete process.env[variable];
  Object.assign(process.env, env);
  deployment = await deployOrders(env, name);
  app = await openOrders(STACK, url);
}, DEPLOY_WITHIN_MS);

afterAll(async () => {
  await app?.close();
  deployment?.forget();
});

describe(`the orders app, deployed with the CDK's command line to ${name}`, () => {
  it.for(DISPENSABLE.map((one) => [one.name, one] as const))('has every %s of the template', ([, one], { skip }) => {
    if (running(deployment).leftOut.includes(one))
      skip(`${name} does not know it, or something that it refers to: it ${one.why}`);
  });

  it('is the same when it is deployed again', async () => {
    expect(await running(deployment).cdk.deploy()).toContain('(no changes)');
  });
});

describeOrders(() => running(app));

describe('cdk destroy', () => {
  it(
    'leaves nothing of the stack',
    async () => {
      expect(Object.keys(await remainsOf(STACK))).toEqual(
        expect.arrayContaining([
          ...['stacks', 'queues', 'topics', 'streams', 'tables', 'functions', 'buckets', 'alarms', 'logGroups'],
        ]),
      );
      await destroyOrders(running(deployment));
      expect(await remainsOf(STACK)).toEqual({});
    },
    DEPLOY_WITHIN_MS,
  );
});

describe('integration tests that only the engine can run', () => {
  it.for(Object.entries(ENGINE_ONLY))('%s', ([, reason], { skip }) => skip(reason));
});
