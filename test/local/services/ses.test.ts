import { CreateEmailIdentityCommand, GetEmailIdentityCommand, SendEmailCommand } from '@aws-sdk/client-sesv2';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { failure, type Harness, startHarness } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

const mailbox = async (query = '') => {
  const response = await fetch(`${harness.services.url}/_aws/ses${query}`);
  return ((await response.json()) as { messages: { Id: string }[] }).messages;
};
const send = (to: string) =>
  harness.clients.ses.send(
    new SendEmailCommand({
      FromEmailAddress: 'Shop <shop@example.com>',
      Destination: { ToAddresses: [to] },
      Content: {
        Simple: {
          Subject: { Data: 'Your order' },
          Body: { Text: { Data: 'Thanks' }, Html: { Data: '<p>Thanks</p>' } },
        },
      },
      EmailTags: [{ Name: 'order', Value: '17' }],
    }),
  );

it('records what is sent, in the shape of LocalStack, and forgets it on request', async () => {
  const { MessageId } = await send('a@example.com');
  const { MessageId: second } = await send('b@example.com');
  const [message] = await mailbox();
  expect(message).toEqual({
    Id: MessageId,
    Region: 'us-east-1',
    Timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    Source: 'Shop <shop@example.com>',
    Destination: { ToAddresses: ['a@example.com'] },
    Subject: 'Your order',
    Body: { text_part: 'Thanks', html_part: '<p>Thanks</p>' },
    EmailTags: [{ Name: 'order', Value: '17' }],
  });
  await fetch(`${harness.services.url}/_aws/ses?id=${MessageId}`, { method: 'DELETE' });
  expect((await mailbox()).map(({ Id }) => Id)).toEqual([second]);
  await fetch(`${harness.services.url}/_aws/ses`, { method: 'DELETE' });
  expect(await mailbox()).toEqual([]);
});

it('refuses an e-mail to nobody and one without content', async () => {
  const nobody = new SendEmailCommand({
    FromEmailAddress: 'a@b.c',
    Content: { Simple: { Subject: { Data: '' }, Body: {} } },
  });
  expect(await failure(harness.clients.ses.send(nobody))).toMatchObject({
    name: 'BadRequestException',
    message: expect.stringContaining('Destination'),
  });
  const empty = new SendEmailCommand({ FromEmailAddress: 'a@b.c', Content: {} });
  expect((await failure(harness.clients.ses.send(empty))).message).toContain('Content');
});

it('takes identities', async () => {
  const EmailIdentity = 'example.com';
  await harness.clients.ses.send(new CreateEmailIdentityCommand({ EmailIdentity }));
  const identity = await harness.clients.ses.send(new GetEmailIdentityCommand({ EmailIdentity }));
  expect(identity).toMatchObject({ IdentityType: 'DOMAIN', VerifiedForSendingStatus: true });
  const missing = new GetEmailIdentityCommand({ EmailIdentity: 'nowhere.com' });
  expect((await failure(harness.clients.ses.send(missing))).name).toBe('NotFoundException');
});
