import {
  CreateEmailIdentityCommand,
  GetAccountCommand,
  GetEmailIdentityCommand,
  SendEmailCommand,
  type SendEmailCommandInput,
} from '@aws-sdk/client-sesv2';
import { afterAll, beforeAll, expect } from 'vitest';
import { type Account, DEFAULT_ACCOUNT, NEW_ACCOUNT } from '../../../lib/local/account/account.ts';
import { failure, type Harness, startHarness, until } from '../services/harness.ts';
import { conforms } from './conforms.ts';

const SHOP = 'shop@example.org';
const SIMULATOR = 'success@simulator.amazonses.com';
const MANY = 1_000;

/** Engines with accounts of their own, for cases that use a quota up. */
const accounts: Readonly<Record<string, Account['ses']>> = {
  sandbox: { ...NEW_ACCOUNT.ses, perSecond: MANY, identities: [SHOP, 'example.net'] },
  day: { ...NEW_ACCOUNT.ses, perSecond: MANY, perDay: 3, identities: [SHOP] },
  second: { ...NEW_ACCOUNT.ses, identities: [SHOP] },
  production: { ...DEFAULT_ACCOUNT.ses, identities: [SHOP] },
};
const harnesses = new Map<string, Harness>();
const throttled = new Map<string, string[]>();
beforeAll(async () => {
  for (const [name, ses] of Object.entries(accounts)) {
    const told: string[] = [];
    throttled.set(name, told);
    const onThrottled = (what: string) => void told.push(what);
    harnesses.set(name, await startHarness({ account: { ...NEW_ACCOUNT, ses }, onThrottled }));
  }
});
afterAll(async () => {
  for (const harness of harnesses.values()) await harness.close();
});

const clientOf = (name: string) => (harnesses.get(name) as Harness).clients.ses;
const send = (name: string, to: readonly string[], more: Partial<SendEmailCommandInput> = {}) =>
  clientOf(name).send(
    new SendEmailCommand({
      FromEmailAddress: `Shop <${SHOP}>`,
      Destination: { ToAddresses: [...to] },
      Content: { Simple: { Subject: { Data: 'Your order' }, Body: { Text: { Data: 'Thanks' } } } },
      ...more,
    }),
  );

conforms(
  'SES: in the sandbox an e-mail goes to verified addresses, to those of verified domains and to the mailbox simulator',
  { source: 'ses-sandbox' },
  async () => {
    for (const to of [SHOP, 'Somebody <a.b@example.net>', 'x@sub.example.net', 'shop+orders@example.org', SIMULATOR])
      expect((await send('sandbox', [to])).MessageId).toBeDefined();
  },
);
conforms(
  'SES: in the sandbox an e-mail to anybody else is MessageRejected, naming those who are not verified',
  { source: 'ses-sandbox' },
  async () => {
    const Destination = { ToAddresses: [SHOP, 'one@example.com'], BccAddresses: ['two@example.com'] };
    const error = await failure(send('sandbox', [], { Destination }));
    expect(error).toMatchObject({ name: 'MessageRejected', $metadata: { httpStatusCode: 400 } });
    expect(error.message).toBe(
      'Email address is not verified. The following identities failed the check in region US-EAST-1: one@example.com, two@example.com',
    );
  },
);
conforms('SES: a raw message is judged by its header', { source: 'ses-sandbox' }, async () => {
  const message = `From: ${SHOP}\r\nTo: Known <${SHOP}>,\r\n unknown@example.com\r\nSubject: Hello\r\n\r\nTo: body@example.com`;
  const Content = { Raw: { Data: Buffer.from(message) } };
  const error = await failure(clientOf('sandbox').send(new SendEmailCommand({ Content })));
  expect(error).toMatchObject({ name: 'MessageRejected', message: expect.stringMatching(/: unknown@example\.com$/) });
});
conforms(
  'SES: a sender is a verified identity, in the sandbox and out of it',
  { source: 'ses-identities' },
  async () => {
    for (const name of ['sandbox', 'production']) {
      const error = await failure(send(name, [SIMULATOR], { FromEmailAddress: 'other@example.com' }));
      expect(error).toMatchObject({ name: 'MessageRejected', message: expect.stringContaining('other@example.com') });
    }
    expect((await send('production', ['anybody@example.com'])).MessageId).toBeDefined();
  },
);
conforms(
  'SES: an identity that is created is PENDING, and of use when it is verified',
  {
    source: 'ses-identities',
    faithful: 'partly',
    remark:
      'POST /_sluice/identities verifies it, in place of the link or the DNS records. Without an account it is verified at once.',
  },
  async () => {
    const EmailIdentity = 'late@example.com';
    const created = await clientOf('sandbox').send(new CreateEmailIdentityCommand({ EmailIdentity }));
    expect(created).toMatchObject({ IdentityType: 'EMAIL_ADDRESS', VerifiedForSendingStatus: false });
    const get = () => clientOf('sandbox').send(new GetEmailIdentityCommand({ EmailIdentity }));
    expect(await get()).toMatchObject({ VerifiedForSendingStatus: false, VerificationStatus: 'PENDING' });
    expect((await failure(send('sandbox', [EmailIdentity]))).name).toBe('MessageRejected');
    const url = `${harnesses.get('sandbox')?.services.url}/_sluice/identities`;
    const verify = (identity: string) => fetch(url, { method: 'POST', body: JSON.stringify({ identity }) });
    expect((await verify('nobody@example.com')).status).toBe(404);
    expect((await fetch(url, { method: 'POST', body: '{' })).status).toBe(400);
    expect((await verify(EmailIdentity)).status).toBe(200);
    expect(await get()).toMatchObject({ VerifiedForSendingStatus: true, VerificationStatus: 'SUCCESS' });
    expect((await send('sandbox', [EmailIdentity])).MessageId).toBeDefined();
  },
);
conforms(
  'SES: an identity that is there cannot be created again: AlreadyExistsException',
  { source: 'ses-identities' },
  async () => {
    const again = new CreateEmailIdentityCommand({ EmailIdentity: 'Shop@example.org' });
    expect(await failure(clientOf('production').send(again))).toMatchObject({
      name: 'AlreadyExistsException',
      $metadata: { httpStatusCode: 400 },
    });
  },
);
conforms(
  'SES: the day has so many recipients, those of the mailbox simulator left out; then TooManyRequestsException',
  {
    source: 'ses-quotas',
    faithful: 'partly',
    remark: 'The error of version 2 of the API for the day is taken from that for the second.',
  },
  async () => {
    const account = async () => (await clientOf('day').send(new GetAccountCommand({}))).SendQuota;
    await send('day', [SIMULATOR]);
    await send('day', [SHOP]);
    expect(await account()).toMatchObject({ Max24HourSend: 3, SentLast24Hours: 1 });
    // As long as one place is left, all recipients get it.
    await send('day', [SHOP, SHOP, SHOP]);
    expect(await account()).toMatchObject({ SentLast24Hours: 4 });
    expect(await failure(send('day', [SHOP]))).toMatchObject({
      name: 'TooManyRequestsException',
      message: 'Daily message quota exceeded.',
      $metadata: { httpStatusCode: 429 },
    });
    expect((await send('day', [SIMULATOR])).MessageId).toBeDefined();
    expect(throttled.get('day')?.join()).toContain('3 e-mails of 24 hours');
  },
);
conforms(
  'SES: faster than the sending rate is TooManyRequestsException, the next second is free again',
  { source: 'ses-quotas' },
  async () => {
    const answers = await Promise.allSettled(Array.from({ length: 5 }, () => send('second', [SIMULATOR])));
    expect(answers.map(({ status }) => status)).toContain('fulfilled');
    expect(answers.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: {
        name: 'TooManyRequestsException',
        message: 'Maximum sending rate exceeded.',
        $metadata: { httpStatusCode: 429 },
      },
    });
    await until('the next second', () => send('second', [SIMULATOR]).catch(() => undefined));
    expect(throttled.get('second')?.join()).toContain('1 e-mail a second');
  },
);
conforms('SES: GetAccount tells the sandbox and the quotas', { source: 'ses-quotas' }, async () => {
  const get = (name: string) => clientOf(name).send(new GetAccountCommand({}));
  expect(await get('second')).toMatchObject({
    ProductionAccessEnabled: false,
    SendingEnabled: true,
    EnforcementStatus: 'HEALTHY',
    SendQuota: { Max24HourSend: 200, MaxSendRate: 1 },
  });
  expect(await get('production')).toMatchObject({ ProductionAccessEnabled: true, SendQuota: { MaxSendRate: 14 } });
});
