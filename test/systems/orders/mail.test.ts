import type { PutObjectCommand } from '@aws-sdk/client-s3';
import type { SendEmailCommand } from '@aws-sdk/client-sesv2';
import { describe, expect, it } from 'vitest';
import { type PaceClock, paced } from '../../../lambdas/orders/mail/pace.ts';
import { sent, written } from '../../../lambdas/orders/mail/post.ts';
import type { StageSettings } from '../../../lib/constructs/stages/stage-settings.ts';
import { maxReceiveCountOf } from '../../../lib/contracts/subscriptions/delivery-numbers.ts';
import { Defer } from '../../../lib/runtime/invocation/outcomes.ts';
import { sendEmail } from '../../../lib/systems/orders/contract.ts';
import { all, FUNCTION } from '../../constructs/template-view.ts';
import { ordersTemplate } from './synthesised.ts';

const MAIL = { customer: '12346', subject: 'Your order 1', text: 'Thank you.', tag: 'order-outbox_1_1' };
const { signal } = new AbortController();

describe('e-mails', () => {
  it('are written under the name of their event', async () => {
    const puts: PutObjectCommand[] = [];
    await written('bucket', { send: async (command: PutObjectCommand) => void puts.push(command) } as never)(
      MAIL,
      signal,
    );
    expect(puts.map(({ input }) => input)).toEqual([
      {
        Bucket: 'bucket',
        Key: 'mails/order-outbox_1_1.txt',
        ContentType: 'text/plain; charset=utf-8',
        Body: 'To: customer 12346\nSubject: Your order 1\n\nThank you.\n',
      },
    ]);
  });

  it('are sent where the stage says, with the customer in the address', async () => {
    const to = async (address: string) => {
      const mails: SendEmailCommand[] = [];
      const ses = { send: async (command: SendEmailCommand) => void mails.push(command) } as never;
      await sent({ from: 'orders@shop.org', to: address, intervalMs: 0 }, ses)(MAIL, signal);
      return mails.map(({ input }) => [input.FromEmailAddress, input.Destination?.ToAddresses, input.EmailTags]);
    };
    const tags = [{ Name: 'event', Value: 'order-outbox_1_1' }];
    expect(await to('success+{customer}@simulator.amazonses.com')).toEqual([
      ['orders@shop.org', ['success+12346@simulator.amazonses.com'], tags],
    ]);
    expect(await to('me@shop.org')).toEqual([['orders@shop.org', ['me@shop.org'], tags]]);
  });

  const refused = async (name: string, message: string): Promise<unknown> => {
    const ses = { send: () => Promise.reject(Object.assign(new Error(message), { name })) } as never;
    return sent({ from: 'orders@shop.org', to: 'me@shop.org', intervalMs: 0 }, ses)(MAIL, signal).catch(
      (error) => error,
    );
  };

  it.each([
    ['TooManyRequestsException', 'Too Many Requests', 30, 90],
    ['ThrottlingException', 'Maximum sending rate exceeded.', 30, 90],
    ['LimitExceededException', 'Daily message quota exceeded.', 3_600, 3_600],
    ['ThrottlingException', 'Daily sending quota exceeded', 3_600, 3_600],
  ])(
    'that the account may not send now come again, and spend no attempt: %s, %s',
    async (name, message, least, most) => {
      const error = await refused(name, message);
      expect(error).toBeInstanceOf(Defer);
      const { after } = error as Defer;
      expect(after.seconds).toBeGreaterThanOrEqual(least);
      expect(after.seconds).toBeLessThanOrEqual(most);
    },
  );

  it('that SES refuses for another reason have failed', async () => {
    const error = await refused('MessageRejected', 'Email address is not verified.');
    expect(error).not.toBeInstanceOf(Defer);
    expect(error).toMatchObject({ name: 'MessageRejected' });
  });

  it('may wait for more than a day for the quota of the next, before the queue gives them up', () => {
    const waits = maxReceiveCountOf(sendEmail) - sendEmail.retry.attempts;
    expect(waits * 3_600).toBeGreaterThan(2 * 86_400);
    expect(sendEmail.to.retention.seconds).toBeGreaterThan(2 * 86_400);
  });
});

describe('the pace', () => {
  /** Time that goes on only when somebody waits. */
  function clock() {
    let now = 1_000;
    const waits: number[] = [];
    const world: PaceClock = {
      now: () => now,
      wait: async (millis, { aborted, reason }) => {
        if (aborted) throw reason;
        waits.push(millis);
      },
    };
    const pass = (millis: number): void => {
      now += millis;
    };
    return { world, waits, pass };
  }

  it('lets one go at once, and those that come together one after the other', async () => {
    const { world, waits, pass } = clock();
    const turn = paced(2_000, world);
    await Promise.all([turn(signal), turn(signal), turn(signal)]);
    expect(waits).toEqual([2_000, 4_000]);
    pass(5_000);
    await turn(signal);
    expect(waits).toEqual([2_000, 4_000, 1_000]);
    pass(60_000);
    await turn(signal);
    expect(waits).toHaveLength(3);
  });

  it('ends the wait of whoever is abandoned', async () => {
    const { world } = clock();
    const turn = paced(2_000, world);
    await turn(signal);
    await expect(turn(AbortSignal.abort(new Error('over')))).rejects.toThrow('over');
  });
});

describe('the stack', () => {
  const template = (mail: StageSettings['mail']) => ordersTemplate('dev', mail === undefined ? {} : { mail });
  const types = (found: ReturnType<typeof template>) => new Set(Object.values(found.Resources).map(({ Type }) => Type));
  const text = (found: unknown) => JSON.stringify(found);
  const sender = (found: ReturnType<typeof template>) => {
    const [, { Environment }] = all(found, FUNCTION).find(([, { FunctionName }]) =>
      String(FunctionName).endsWith('-send-email'),
    ) ?? ['', {}];
    return (Environment as { Variables: Record<string, unknown> }).Variables.MAIL;
  };
  const sendStatements = (found: ReturnType<typeof template>) =>
    all(found, 'AWS::IAM::Policy').flatMap(([, { PolicyDocument }]) =>
      (PolicyDocument.Statement as { Action: unknown }[]).filter(({ Action }) => text(Action).includes('ses:')),
    );
  const mapping = (found: ReturnType<typeof template>) =>
    all(found, 'AWS::Lambda::EventSourceMapping').find(([id]) => id.startsWith('SendEmail'))?.[1].ScalingConfig;

  it('sends nothing unless the stage says so, and names no address', () => {
    const found = template(undefined);
    expect(types(found)).not.toContain('AWS::SES::EmailIdentity');
    expect(sendStatements(found)).toEqual([]);
    expect(text(found)).not.toMatch(/example\.(com|org)|@/);
    expect(sender(found)).toMatchObject({ 'Fn::Join': ['', ['{"bucket":"', expect.anything(), '"}']] });
  });

  it('refers to an identity, and makes none', () => {
    const found = template({ from: 'orders@shop.org' });
    expect(types(found)).not.toContain('AWS::SES::EmailIdentity');
    // Two functions with two seconds each from one e-mail to the next: the one a second of the sandbox.
    expect(JSON.parse(String(sender(found)))).toEqual({
      ...{ from: 'orders@shop.org', to: 'success+{customer}@simulator.amazonses.com', intervalMs: 2_000 },
    });
    expect(mapping(found)).toEqual({ MaximumConcurrency: 2 });
  });

  it('keeps to what the account may send, however many functions send', () => {
    const found = template({ from: 'orders@shop.org', perSecond: 14, to: 'me@shop.org' });
    expect(JSON.parse(String(sender(found)))).toMatchObject({ to: 'me@shop.org', intervalMs: 715 });
    expect(mapping(found)).toEqual({ MaximumConcurrency: sendEmail.concurrency });
  });

  it('may send from its address only, whether that or its domain is the identity', () => {
    const partition = { Ref: 'AWS::Partition' };
    expect(sendStatements(template({ from: 'orders@shop.org' }))).toEqual([
      {
        Effect: 'Allow',
        Action: 'ses:SendEmail',
        Condition: { StringEquals: { 'ses:FromAddress': 'orders@shop.org' } },
        Resource: {
          'Fn::Join': [
            '',
            ['arn:', partition, ':ses:', { Ref: 'AWS::Region' }, ':', { Ref: 'AWS::AccountId' }, ':identity/*'],
          ],
        },
      },
    ]);
  });

  it('keeps an identity that it was asked to make, in every stage', () => {
    const found = template({ from: 'orders@shop.org', identity: 'create' });
    const identities = Object.values(found.Resources).filter(({ Type }) => Type === 'AWS::SES::EmailIdentity');
    expect(identities).toEqual([
      expect.objectContaining({ DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' }),
    ]);
  });
});
