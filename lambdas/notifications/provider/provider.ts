import type { Dynamodb } from '../../../lib/runtime/aws/dynamodb.ts';
import {
  type Lane,
  type NotificationChannel,
  type NotificationData,
  PROVIDER_ITEMS,
  type UndeliverableReason,
} from '../../../lib/systems/notifications/contract.ts';
import { behaviourOf, refusalOf } from './behaviour.ts';

/**
 * Providers of push messages, e-mails and SMS for the sample: they behave as real ones do. They take so many requests a second, fail by seed, can be down, and
 * keep a book (what "the provider's side" says was sent, and when it was asked). They take no idempotency key: what is asked for twice is sent twice.
 */

/** Over the rate: nothing was sent. */
export class ProviderBusy extends Error {
  override readonly name = 'ProviderBusy';
}

/** Nothing gets through to it, whatever it is about. */
export class ProviderDown extends Error {
  override readonly name = 'ProviderDown';
}

/** It could not do this one. */
export class ProviderFailed extends Error {
  override readonly name = 'ProviderFailed';
}

/** No answer came: it may have been sent or not. */
export class ProviderTimeout extends Error {
  override readonly name = 'ProviderTimeout';
}

export type Answer =
  | { readonly status: 'sent'; readonly reference: string }
  | { readonly status: 'refused'; readonly reason: UndeliverableReason };

export interface Provider {
  /**
   * Sends a notification to whatever address it has of the user.
   * @param key what the caller knows it by: for the book only
   * @throws ProviderBusy, ProviderDown, ProviderFailed, ProviderTimeout
   */
  send(key: string, notification: NotificationData): Promise<Answer>;
}

export interface SimulatedProviderOptions {
  readonly table: string;
  readonly channel: NotificationChannel;
  /** Who asks: for the book only. */
  readonly lane: Lane;
  readonly perSecond: number;
  readonly seed: string;
}

const MILLIS_PER_SECOND = 1_000;
const KEPT_SECONDS = 86_400;
/** How long it is taken to be up, or down, without another look. */
const LOOK_EVERY_MILLIS = 500;

export function simulatedProvider(
  { table, channel, lane, perSecond, seed }: SimulatedProviderOptions,
  { dynamodb, now }: { readonly dynamodb: Dynamodb; readonly now: () => number },
): Provider {
  let downUntil = 0;
  let lookedAt = Number.NEGATIVE_INFINITY;

  return {
    async send(key, { user }) {
      const at = now();
      if (await isDown(at)) throw new ProviderDown(`the provider of ${channel} refuses connections`);
      await count(at);
      const refusal = refusalOf(seed, channel, user);
      const behaviour = refusal === undefined ? behaviourOf(seed, key) : 'refuse';
      const sendsAtOnce = behaviour === 'deliver' || behaviour === 'lost-answer';
      const calls = await book(key, { asked: at, ...(sendsAtOnce ? { sent: at } : {}) });
      if (refusal !== undefined) return { status: 'refused', reason: refusal };
      if (behaviour === 'error-always' || (behaviour === 'error-once' && calls === 1))
        throw new ProviderFailed(`the provider of ${channel} answered 500`);
      if (behaviour === 'no-answer' && calls === 1)
        throw new ProviderTimeout(`the provider of ${channel} did not answer`);
      if (behaviour === 'lost-answer' && calls === 1) {
        await book(key, { unanswered: at });
        throw new ProviderTimeout(`the provider of ${channel} did not answer`);
      }
      if (!sendsAtOnce) await book(key, { sent: at });
      return { status: 'sent', reference: `${channel}-${key}` };
    },
  };

  async function isDown(at: number): Promise<boolean> {
    if (at - lookedAt > LOOK_EVERY_MILLIS) {
      lookedAt = at;
      const { Item } = await dynamodb('GetItem', {
        TableName: table,
        Key: { key: `${PROVIDER_ITEMS.outage}${channel}` },
      });
      downUntil = Number(Item?.until ?? 0);
    }
    return at < downUntil;
  }

  /** Its own limit: whoever asks too much is refused, whatever they think of their rate. */
  async function count(at: number): Promise<void> {
    const second = Math.floor(at / MILLIS_PER_SECOND);
    const { Attributes } = await dynamodb('UpdateItem', {
      TableName: table,
      Key: { key: `${PROVIDER_ITEMS.second}${channel}!${second}` },
      UpdateExpression: 'SET expiresAt = :expiresAt ADD asked :one',
      ExpressionAttributeValues: { ':one': 1, ':expiresAt': second + KEPT_SECONDS },
      ReturnValues: 'UPDATED_NEW',
    });
    if (Number(Attributes?.asked) > perSecond)
      throw new ProviderBusy(`the provider of ${channel} takes ${perSecond} requests a second`);
  }

  /** An entry in the provider's book, as sets: a write whose answer was lost is made again, and must not count twice. @returns requests for this notification so far */
  async function book(key: string, times: Entry): Promise<number> {
    const names = Object.keys(times);
    const { Attributes } = await dynamodb('UpdateItem', {
      TableName: table,
      Key: { key: `${channel}/${key}` },
      UpdateExpression: `SET lane = :lane, expiresAt = :expiresAt ADD ${names.map((name) => `${name} :${name}`).join(', ')}`,
      ExpressionAttributeValues: {
        ':lane': lane,
        ':expiresAt': Math.floor(now() / MILLIS_PER_SECOND) + KEPT_SECONDS,
        ...Object.fromEntries(Object.entries(times).map(([name, at]) => [`:${name}`, new Set([at])])),
      },
      ReturnValues: 'ALL_NEW',
    });
    return ((Attributes?.asked as Set<number> | undefined) ?? new Set()).size;
  }
}

/** What is noted, epoch ms: when it was asked, when it sent, and when an answer of it was lost. */
interface Entry {
  readonly asked?: number;
  readonly sent?: number;
  readonly unanswered?: number;
}
