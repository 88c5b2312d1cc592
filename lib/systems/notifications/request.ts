import { UnreadableMessage, validate } from '../../contracts/events/envelope.ts';
import { RequestRefused } from '../request-refused.ts';
import { type NotificationData, NotificationRequested } from './contract.ts';

/** What a caller sends, and what is decided about it. */

/** A notification as it is asked for. */
export interface NotificationRequest extends Omit<NotificationData, 'priority' | 'data'> {
  /** @default 'normal' */
  readonly priority?: NotificationData['priority'];
  /** @default none: the template has no gaps */
  readonly data?: NotificationData['data'];
  /** W3C trace context of the caller. */
  readonly traceparent?: string;
}

/** Why a request is refused: answered to the caller at once, nothing is sent. */
export type Refusal =
  | 'malformed'
  /** Campaigns do not go by SMS: the rate there is for codes. */
  | 'campaign-by-sms'
  /** The id was used before for something else. */
  | 'conflicting-notification';

/** What `notify` answers: nobody has been told anything yet. */
export type Reply =
  | { readonly status: 'accepted'; readonly notificationId: string; readonly duplicate: boolean }
  | { readonly status: 'refused'; readonly reason: Refusal; readonly message: string };

/** A request that is decided against. */
export class Refused extends RequestRefused<Refusal> {}

/**
 * Reads a request and makes the data of its event: of nothing but the request, so that the same one sent again is the same event.
 * @throws Refused when it is malformed or decided against
 */
export function decide(input: unknown): { readonly data: NotificationData; readonly traceparent: string | undefined } {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    throw new Refused('malformed', 'a request is a JSON object: { notificationId, tenant, user, channel, template }');
  const { traceparent, ...asked } = input as NotificationRequest;
  const data = read({ priority: 'normal', data: {}, ...asked });
  if (data.channel === 'sms' && data.priority === 'bulk')
    throw new Refused(
      'campaign-by-sms',
      "priority 'bulk' does not go by channel 'sms': its rate is for codes; take email or push",
    );
  return { data, traceparent: typeof traceparent === 'string' ? traceparent : undefined };
}

function read(asked: unknown): NotificationData {
  try {
    return validate(NotificationRequested, asked);
  } catch (error) {
    if (error instanceof UnreadableMessage) throw new Refused('malformed', error.message);
    throw error;
  }
}

/** The id of the event of a notification: the same for the same notification, whoever publishes it, and however often. */
export const eventIdOf = ({ notificationId }: Pick<NotificationData, 'notificationId'>): string =>
  `notifications/${notificationId}`;
