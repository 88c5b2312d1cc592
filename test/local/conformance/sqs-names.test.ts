import { CreateQueueCommand, DeleteQueueCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect } from 'vitest';
import { failure, type Harness, startHarness, until } from '../services/harness.ts';
import { conforms } from './conforms.ts';

/** The minute lasts a second. */
const TIME_SCALE = 60;
let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({ timeScale: TIME_SCALE });
});
afterAll(() => harness.close());

conforms(
  'SQS: for a minute after a queue was deleted no other can have its name: QueueDeletedRecently',
  { source: 'sqs-create' },
  async () => {
    const { sqs } = harness.clients;
    const create = (QueueName = 'again') => sqs.send(new CreateQueueCommand({ QueueName }));
    const { QueueUrl } = await create();
    await create();
    await sqs.send(new DeleteQueueCommand({ QueueUrl }));
    expect(await failure(create())).toMatchObject({
      name: 'QueueDeletedRecently',
      message: 'You must wait 60 seconds after deleting a queue before you can create another with the same name.',
      $metadata: { httpStatusCode: 400 },
    });
    await create('another');
    await until('the name to be free', () => create().catch(() => undefined));
  },
);
