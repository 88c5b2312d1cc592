import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ENV } from '../../../lib/contracts/agreed/environment.ts';
import type { JsonObject } from '../../../lib/local/json.ts';
import { openClients } from '../../../lib/operations/deployed/clients.ts';
import { NotDeployed } from '../../../lib/operations/deployed/deployment.ts';
import { deployedMessaging } from '../../../lib/operations/deployed/messaging.ts';
import { lambda, mapping, queue, REGION, start, writeAssembly } from '../../local/engine/support.ts';

function here(url: string) {
  for (const [name, value] of Object.entries({
    ...{ AWS_ENDPOINT_URL: url, AWS_REGION: REGION, AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x' },
  }))
    vi.stubEnv(name, value);
  const clients = openClients();
  onTestFinished(() => {
    clients.close();
    vi.unstubAllEnvs();
  });
  return clients;
}

const STACK = 'shop';
/** A function that is asked nothing here. */
const fn = (name: string, variables: JsonObject = {}) =>
  lambda(name, 'exports.handler = async () => ({});', {
    FunctionName: `${STACK}-${name}`,
    Environment: { Variables: variables },
  });
const named = (id: string, name: string, properties: JsonObject = {}) =>
  queue(id, { QueueName: `${STACK}-${name}`, ...(name.endsWith('.fifo') ? { FifoQueue: true } : {}), ...properties });
const redriveTo = (id: string) => ({
  RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': [id, 'Arn'] }, maxReceiveCount: 3 },
});
const stream = (id: string, name: string): JsonObject => ({
  [id]: { Type: 'AWS::Kinesis::Stream', Properties: { Name: `${STACK}-${name}`, ShardCount: 1 } },
});
const table = (id: string, more: JsonObject = {}): JsonObject => ({
  [id]: {
    Type: 'AWS::DynamoDB::Table',
    Properties: {
      ...{ TableName: `${id}-table`, BillingMode: 'PAY_PER_REQUEST' },
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      ...more,
    },
  },
});
const LATEST = { StartingPosition: 'LATEST' };

describe('the messaging of a stack', () => {
  it('is its queues, logs, streams of tables, consumers and dead letters, whoever added them', async () => {
    const { engine } = await start(
      writeAssembly(
        {
          // As the constructs make it: the function knows the queue for what it gives up.
          ...named('Payments', 'payments.fifo', redriveTo('PaymentsDead')),
          ...named('PaymentsDead', 'payments-dead-letters.fifo'),
          ...named('Undelivered', 'payments-subscription-dead-letters.fifo'),
          ...fn('charge', { [ENV.deadLetterQueue]: { Ref: 'PaymentsDead' }, [ENV.inboxTable]: { Ref: 'Inbox' } }),
          ...mapping('Charging', 'charge', 'Payments'),
          // By hand: a redrive to a queue of any name, and a function without the runtime.
          ...named('Chores', 'chores', redriveTo('Leftovers')),
          ...named('Leftovers', 'left-overs'),
          ...fn('sweep'),
          ...fn('mop'),
          ...mapping('Sweeping', 'sweep', 'Chores'),
          ...mapping('Mopping', 'mop', 'Chores'),
          // A queue that ends as another does.
          ...named('OldPayments', 'old-payments.fifo'),
          // A log with readers that share, and one of its own; another that ends like it, and nobody reads.
          ...stream('Log', 'log'),
          ...stream('OldLog', 'old-log'),
          OwnReading: {
            Type: 'AWS::Kinesis::StreamConsumer',
            Properties: { StreamARN: { 'Fn::GetAtt': ['Log', 'Arn'] }, ConsumerName: 'own' },
          },
          ...named('GivenUp', 'given-up'),
          ...fn('totals', { [ENV.deadLetterQueue]: { Ref: 'GivenUp' }, [ENV.inboxTable]: { Ref: 'Inbox' } }),
          ...fn('fraud', { [ENV.deadLetterQueue]: { Ref: 'FraudDead' } }),
          ...named('FraudDead', 'fraud-dead-letters'),
          ...fn('keep', { [ENV.deadLetterQueue]: { Ref: 'KeepDead' }, [ENV.archive]: 'bucket' }),
          ...named('KeepDead', 'keep-dead-letters'),
          ...mapping('Totalling', 'totals', 'Log', LATEST),
          ...mapping('Keeping', 'keep', 'Log', LATEST),
          ...mapping('Watching', 'fraud', 'OwnReading', LATEST, 'ConsumerARN'),
          // An outbox: its relay reads the stream of the table, and gives up as its mapping says.
          ...table('Outbox', { StreamSpecification: { StreamViewType: 'NEW_IMAGE' } }),
          ...table('Inbox'),
          ...fn('relay', { [ENV.outboxTable]: { Ref: 'Outbox' } }),
          ...named('Outgoing', 'outgoing-failures'),
          ...mapping(
            'Relaying',
            'relay',
            'Outbox',
            { ...LATEST, DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['Outgoing', 'Arn'] } } } },
            'StreamArn',
          ),
          // By their names only, and a queue that nothing reads.
          ...named('Dlq', 'mails-DLQ'),
          ...named('Nameless', 'dead-letters'),
          ...named('Exports', 'exports'),
          ...queue('Foreign', { QueueName: `not-${STACK}-here` }),
        },
        {},
        STACK,
      ),
    );
    const found = await deployedMessaging(here(engine.url), STACK);
    const inOrder = <T extends { readonly name: string }>(list: readonly T[]) =>
      list.toSorted((a, b) => a.name.localeCompare(b.name, 'en'));
    const url = (name: string) => expect.stringMatching(new RegExp(`/${name.replaceAll('.', '\\.')}$`));
    expect(inOrder(found.queues)).toEqual([
      { name: 'chores', url: url('shop-chores'), consumers: ['mop', 'sweep'] },
      { name: 'payments', url: url('shop-payments.fifo'), consumers: ['charge'] },
    ]);
    expect(Object.fromEntries(found.deadLetterQueues.map(({ name, owner }) => [name, owner]))).toEqual({
      'payments-dead-letters': 'charge',
      'payments-subscription-dead-letters': 'payments-subscription',
      'left-overs': 'left-overs',
      'given-up': 'totals',
      'fraud-dead-letters': 'fraud',
      'keep-dead-letters': 'keep',
      'outgoing-failures': 'outgoing-failures',
      'mails-DLQ': 'mails',
      'dead-letters': 'dead-letters',
    });
    expect(inOrder(found.unread).map(({ name }) => name)).toEqual(['exports', 'not-shop-here', 'old-payments']);
    expect(inOrder(found.logs)).toEqual([
      { name: 'shop-log', consumers: ['fraud', 'keep', 'totals'] },
      { name: 'shop-old-log', consumers: [] },
    ]);
    expect(found.tableStreams).toEqual([{ name: 'Outbox-table', consumers: ['relay'] }]);
    expect(found.consumers).toEqual(['charge', 'fraud', 'keep', 'totals']);
    expect(found.archives).toEqual(['keep']);
    expect([found.outboxTables, found.inboxTables]).toEqual([['Outbox-table'], ['Inbox-table']]);
  });

  it('is that of a queue whose dead letters are read again', async () => {
    const { engine } = await start(
      writeAssembly(
        { ...named('Dead', 'dead-letters'), ...fn('again'), ...mapping('Again', 'again', 'Dead') },
        {},
        STACK,
      ),
    );
    const { queues, deadLetterQueues, unread } = await deployedMessaging(here(engine.url), STACK);
    expect(queues).toMatchObject([{ name: 'dead-letters', consumers: ['again'] }]);
    expect([deadLetterQueues, unread]).toEqual([[], []]);
  });

  it('of a stack that is not there is an error that says where it was looked for', async () => {
    const { engine } = await start(writeAssembly(named('One', 'one'), {}, STACK));
    await expect(deployedMessaging(here(engine.url), 'nobody')).rejects.toThrow(NotDeployed);
    await expect(deployedMessaging(here(engine.url), 'nobody')).rejects.toThrow(
      `'nobody' was not found at ${engine.url}`,
    );
  });
});

describe('a stack with hundreds of functions', () => {
  /** Clients that answer in pages; a call takes a turn of the event loop. */
  function large(functions: number) {
    let [atOnce, most] = [0, 0];
    const asked: string[] = [];
    const pages = (page: unknown) => (page === undefined ? 'first' : 'second');
    const resources = (second: boolean) =>
      Array.from({ length: functions / 2 }, (_, n) => ({
        ResourceType: 'AWS::Lambda::Function',
        PhysicalResourceId: `${STACK}-f${second ? n + functions / 2 : n}`,
        ResourceStatus: 'CREATE_COMPLETE',
      }));
    const answer: Record<string, (input: Record<string, unknown>) => unknown> = {
      ListStackResourcesCommand: ({ NextToken }) => ({
        StackResourceSummaries: [
          ...resources(NextToken !== undefined),
          { ResourceType: 'AWS::Lambda::Function', PhysicalResourceId: 'gone', ResourceStatus: 'DELETE_COMPLETE' },
          { ResourceType: 'AWS::Lambda::Function', ResourceStatus: 'CREATE_FAILED' },
          ...(NextToken === undefined
            ? ['work', 'failed'].map((name) => ({
                ...{ ResourceType: 'AWS::SQS::Queue', PhysicalResourceId: `http://sqs/1/${STACK}-${name}` },
              }))
            : []),
        ],
        NextToken: NextToken === undefined ? 'more' : undefined,
      }),
      // Its failed asynchronous calls end in a queue.
      GetFunctionConfigurationCommand: ({ FunctionName }) =>
        FunctionName === `${STACK}-f9` ? { DeadLetterConfig: { TargetArn: `arn:of:${STACK}-failed` } } : {},
      // Whoever reads the queue stands on the second page.
      ListEventSourceMappingsCommand: ({ Marker, FunctionName }) => ({
        EventSourceMappings:
          Marker === undefined || FunctionName !== `${STACK}-f7`
            ? []
            : [{ EventSourceArn: `arn:aws:sqs:${REGION}:1:${STACK}-work` }],
        NextMarker: Marker === undefined ? 'more' : undefined,
      }),
      GetQueueAttributesCommand: ({ QueueUrl }) => ({
        Attributes: { QueueArn: `arn:of:${String(QueueUrl).slice('http://sqs/1/'.length)}` },
      }),
    };
    const send = async ({
      constructor: { name },
      input,
    }: {
      constructor: { name: string };
      input: Record<string, unknown>;
    }) => {
      asked.push(`${name} ${input.FunctionName ?? ''} ${pages(input.Marker ?? input.NextToken)}`);
      most = Math.max(most, ++atOnce);
      await new Promise(setImmediate);
      atOnce -= 1;
      return answer[name]?.(input);
    };
    // The paginators of the SDK ask whether a client is theirs.
    const like = (type: { prototype: object }) => Object.assign(Object.create(type.prototype), { send });
    const clients = { cloudformation: like(CloudFormationClient), lambda: like(LambdaClient), sqs: { send } } as never;
    return { clients, asked, most: () => most };
  }

  it('is read to its last page, a few functions at a time, without what was taken away', async () => {
    const { clients, asked, most } = large(240);
    const { queues, deadLetterQueues, unread } = await deployedMessaging(clients, STACK);
    expect([deadLetterQueues, unread]).toMatchObject([[{ name: 'failed', owner: 'failed' }], []]);
    expect(queues).toEqual([{ name: 'work', url: `http://sqs/1/${STACK}-work`, consumers: ['f7'] }]);
    expect(asked.filter((one) => one.startsWith('GetFunctionConfiguration'))).toHaveLength(240);
    expect(asked.filter((one) => one.startsWith('ListEventSourceMappings'))).toHaveLength(480);
    expect(asked.filter((one) => one.includes('gone'))).toEqual([]);
    expect(most()).toBe(8);
  });
});
