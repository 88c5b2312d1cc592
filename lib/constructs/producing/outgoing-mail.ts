import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { EmailIdentity, Identity } from 'aws-cdk-lib/aws-ses';
import { Construct } from 'constructs';
import { type MailRoute, WRITTEN_MAIL_PREFIX } from '../../contracts/agreed/mail.ts';
import type { Source, Subscription } from '../../contracts/subscriptions/subscription.ts';
import { allow } from '../functions/messaging-function.ts';
import { acknowledgeWildcard } from '../stages/acknowledge.ts';
import { stageOf, tagComponent } from '../stages/stage.ts';
import type { SentMail } from '../stages/stage-settings.ts';
import { dataBucket } from '../stores/data-bucket.ts';

const MILLIS_PER_SECOND = 1_000;
/** What Lambda's mapping of a queue takes at least. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html */
const LEAST_CONCURRENCY = 2;
/** Of e-mails that are written rather than sent. */
const EXPIRES_AFTER_DAYS = 30;

const ANY_IDENTITY =
  'SES asks for the identity that sends, which is the address or its domain, whichever is verified, and in the sandbox for that of whoever receives; the condition on ses:FromAddress says which address it may be';

/**
 * What becomes of the e-mails of a system in its stage (`mail` of the settings): SES sends them from an identity that is there, or they are written into a
 * bucket. The identity is nobody's part: two stages may send from one address, and a stack that made and deleted it would take it from the others.
 */
export class OutgoingMail extends Construct {
  /** Of e-mails that are written. undefined: they are sent. */
  readonly bucket: Bucket | undefined;
  /** undefined: it is there already, or nothing is sent. */
  readonly identity: EmailIdentity | undefined;
  private readonly sent: Required<SentMail> | undefined;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    tagComponent(this, id);
    const { mail } = stageOf(this);
    if (mail === 'written') {
      this.bucket = this.writtenMail();
      return;
    }
    this.sent = mail;
    if (mail.identity === 'create') {
      this.identity = new EmailIdentity(this, 'Identity', { identity: Identity.email(mail.from) });
      this.identity.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    }
  }

  /** The subscription of the consumer that sends, with no more functions side by side than can keep to what the account may send a second. */
  paced<From extends Source>(declared: Subscription<From>): Subscription<From> {
    if (this.sent === undefined) return declared;
    const most = Math.max(LEAST_CONCURRENCY, Math.floor(this.sent.perSecond));
    return { ...declared, concurrency: Math.min(declared.concurrency ?? most, most) };
  }

  /**
   * Lets a function send or write, and tells it how (`MailRoute`).
   * @param variable of its environment
   * @param subscription as `paced()` gave it: the functions of it share what the account may send
   */
  grant(fn: LambdaFunction, variable: string, { concurrency = LEAST_CONCURRENCY }: Subscription): void {
    const tell = (route: MailRoute): void => void fn.addEnvironment(variable, Stack.of(this).toJsonString(route));
    if (this.bucket !== undefined) {
      tell({ bucket: this.bucket.bucketName });
      const objects = [this.bucket.arnForObjects(`${WRITTEN_MAIL_PREFIX}*`)];
      allow(fn, ['s3:PutObject'], objects, 'an e-mail is named by its event, which is known when it is written');
    }
    if (this.sent === undefined) return;
    const { from, to, perSecond } = this.sent;
    tell({ from, to, intervalMs: Math.ceil((concurrency * MILLIS_PER_SECOND) / perSecond) });
    const identities = Stack.of(this).formatArn({ service: 'ses', resource: 'identity', resourceName: '*' });
    fn.addToRolePolicy(
      new PolicyStatement({
        actions: ['ses:SendEmail'],
        resources: [identities],
        conditions: { StringEquals: { 'ses:FromAddress': from } },
      }),
    );
    if (fn.role !== undefined) acknowledgeWildcard(fn.role, identities, ANY_IDENTITY);
  }

  private writtenMail(): Bucket {
    return dataBucket(this, 'Written', {
      // No versions: an e-mail is named by its event and written once.
      lifecycleRules: [{ expiration: Duration.days(EXPIRES_AFTER_DAYS) }],
    });
  }
}
