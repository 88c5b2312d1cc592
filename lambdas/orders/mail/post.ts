import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';
import { type MailRoute, WRITTEN_MAIL_PREFIX } from '../../../lib/contracts/agreed/mail.ts';
import { minutes, seconds } from '../../../lib/contracts/declaring/duration.ts';
import { Defer } from '../../../lib/runtime/invocation/outcomes.ts';
import { paced } from './pace.ts';

/** An e-mail to a customer. */
export interface Mail {
  readonly customer: string;
  readonly subject: string;
  readonly text: string;
  /** Of the event that it tells of: letters, digits, `-` and `_`. */
  readonly tag: string;
}

/** Hands an e-mail on. @throws Defer when SES takes no more for the moment, or for the day */
export type Post = (mail: Mail, signal: AbortSignal) => Promise<void>;

/** What the account may send a second, and a day. https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html */
const TOO_MANY = /^(TooManyRequestsException|Throttling(Exception)?)$/;
const NO_MORE_TODAY = /daily (message|sending) quota/i;
const LEAST_WAIT_SECONDS = 30;
const WAIT_RANGE_SECONDS = 60;
const WAIT_FOR_QUOTA = minutes(60);

/** The way that the stage has declared. */
export function postBy(route: MailRoute): Post {
  return 'bucket' in route ? written(route.bucket, new S3Client({})) : sent(route, new SESv2Client({}));
}

/** Writes e-mails into a bucket, each under the name of its event. */
export function written(bucket: string, s3: Pick<S3Client, 'send'>): Post {
  return async ({ customer, subject, text, tag }, signal) => {
    const Body = `To: customer ${customer}\nSubject: ${subject}\n\n${text}\n`;
    const ContentType = 'text/plain; charset=utf-8';
    await s3.send(
      new PutObjectCommand({ Bucket: bucket, Key: `${WRITTEN_MAIL_PREFIX}${tag}.txt`, Body, ContentType }),
      { abortSignal: signal },
    );
  };
}

/** Sends e-mails by SES, no faster than the account may. */
export function sent(
  { from, to, intervalMs }: Exclude<MailRoute, { bucket: string }>,
  ses: Pick<SESv2Client, 'send'>,
): Post {
  const turn = paced(intervalMs);
  return async ({ customer, subject, text, tag }, signal) => {
    await turn(signal);
    const command = new SendEmailCommand({
      FromEmailAddress: from,
      Destination: { ToAddresses: [to.replaceAll('{customer}', customer)] },
      EmailTags: [{ Name: 'event', Value: tag }],
      Content: { Simple: { Subject: { Data: subject }, Body: { Text: { Data: text } } } },
    });
    try {
      await ses.send(command, { abortSignal: signal });
    } catch (error) {
      throw later(error) ?? error;
    }
  };
}

/** What is refused for the account's quota is no failure of the e-mail. */
function later(error: unknown): Defer | undefined {
  if (!(error instanceof Error)) return undefined;
  if (NO_MORE_TODAY.test(error.message)) return new Defer(WAIT_FOR_QUOTA, `SES: ${error.message}`);
  if (!TOO_MANY.test(error.name)) return undefined;
  return new Defer(
    seconds(Math.round(LEAST_WAIT_SECONDS + Math.random() * WAIT_RANGE_SECONDS)),
    `SES: ${error.message}`,
  );
}
