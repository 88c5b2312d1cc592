import type { Account } from '../account/account.ts';
import type { AwsErrorShape } from '../endpoint-errors.ts';
import type { Identities } from './identities.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
const MILLIS_PER_SECOND = 1_000;
/** Takes everything from everybody. https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html */
const SIMULATOR = /@simulator\.amazonses\.com$/i;

/** What an account may still send. */
export interface SendingQuota {
  /** Recipients of the last 24 hours, without those of the mailbox simulator. */
  sent(): number;
  /**
   * Takes what an e-mail needs: a verified sender, in the sandbox verified recipients, a place in the day and in the second.
   * @returns why not, as SES answers it; nothing is taken then
   */
  take(sender: string, recipients: readonly string[]): AwsErrorShape | undefined;
}

export interface QuotaOptions {
  readonly quotas: Account['ses'];
  readonly identities: Identities;
  readonly region: string;
  /** Divides the day. */
  readonly timeScale: number;
  /** When earlier e-mails were sent, and to how many. */
  readonly earlier: readonly (readonly [epochMs: number, recipients: number])[];
  readonly onThrottled: (what: string) => void;
}

/**
 * As long as anything is left an e-mail goes to all its recipients, and what they were too many is taken from what comes.
 * https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas.html
 */
export function createSendingQuota(options: QuotaOptions): SendingQuota {
  const { quotas, identities, region, timeScale, earlier, onThrottled } = options;
  const { sandbox, perDay, perSecond } = quotas;
  const sent: (readonly [number, number])[] = [...earlier];
  let today = sent.reduce((sum, [, recipients]) => sum + recipients, 0);
  let left = perSecond;
  let refilledAt = Date.now();

  const forgetOld = (now: number): void => {
    for (let [oldest] = sent; oldest !== undefined && oldest[0] <= now - DAY_MS / timeScale; [oldest] = sent) {
      today -= oldest[1];
      sent.shift();
    }
  };

  return {
    sent() {
      forgetOld(Date.now());
      return today;
    },
    take(sender, recipients) {
      const real = recipients.filter((address) => !SIMULATOR.test(address));
      const unverified = [sender, ...(sandbox ? real : [])].filter((address) => !identities.covers(address));
      if (unverified.length > 0) {
        if (sandbox) onThrottled('SES is in its sandbox: it sends from and to verified identities only.');
        return {
          status: 400,
          code: 'MessageRejected',
          message: `Email address is not verified. The following identities failed the check in region ${region.toUpperCase()}: ${unverified.join(', ')}`,
        };
      }
      const now = Date.now();
      forgetOld(now);
      if (today >= perDay && real.length > 0) {
        onThrottled(`SES has sent the ${perDay} e-mails of 24 hours.`);
        return tooMany('Daily message quota exceeded.');
      }
      left = Math.min(perSecond, left + ((now - refilledAt) / MILLIS_PER_SECOND) * perSecond);
      refilledAt = now;
      if (left < 1) {
        onThrottled(`SES sends ${perSecond} e-mail${perSecond === 1 ? '' : 's'} a second.`);
        return tooMany('Maximum sending rate exceeded.');
      }
      left -= recipients.length;
      if (real.length > 0) sent.push([now, real.length]);
      today += real.length;
      return undefined;
    },
  };
}

const tooMany = (message: string): AwsErrorShape => ({ status: 429, code: 'TooManyRequestsException', message });
