import type { Channel } from '../../contracts/channels/channel.ts';
import type { Envelope } from '../../contracts/events/envelope.ts';
import type { Runtime } from '../../runtime/invocation/runtime.ts';
import { deaggregated } from '../../runtime/messages/aggregated-record.ts';
import { bodyOfBytes, type Message } from '../../runtime/messages/message.ts';
import { readMessage } from '../../runtime/messages/read-message.ts';

/** An event that a channel has taken in. */
export interface Published {
  /** Name of the channel. */
  readonly channel: string;
  /** As its readers see it: opened, checked, in the newest version. */
  readonly event: Envelope;
  readonly at: Date;
}

export interface PublishedEvents {
  readonly all: readonly Published[];
  /** Told of each body that a channel has taken in. */
  readonly took: (channel: string, body: string | Buffer) => void;
  /** Reads what came since the last time. @throws Error for what its readers cannot read */
  readonly read: () => Promise<void>;
}

/** @param now epoch milliseconds */
export function publishedEvents(
  channels: readonly Channel[],
  runtime: Pick<Runtime, 'aws' | 'env'>,
  now: () => number,
): PublishedEvents {
  const all: Published[] = [];
  const unread: { readonly channel: Channel; readonly message: Message; readonly at: number }[] = [];
  return {
    all,
    took(name, body) {
      const channel = channels.find((one) => one.name === name);
      if (channel === undefined) return;
      const whole = typeof body === 'string' ? { body } : bodyOfBytes(body);
      const parts = typeof body === 'string' ? undefined : deaggregated(body)?.map(({ data }) => bodyOfBytes(data));
      for (const part of parts ?? [whole]) unread.push({ channel, message: messageOf(part), at: now() });
    },
    async read() {
      for (const { channel, message, at } of unread.splice(0)) {
        try {
          const { event } = await readMessage(message, channel.events, runtime);
          all.push({ channel: channel.name, event, at: new Date(at) });
        } catch (error) {
          throw new Error(
            `what was published to ${channel.kind} '${channel.name}' cannot be read there: ${(error as Error).message}`,
            { cause: error },
          );
        }
      }
    },
  };
}

const messageOf = (body: Pick<Message, 'body' | 'bytes'>): Message => ({
  ...body,
  id: '',
  unit: undefined,
  source: '',
  receives: undefined,
  firstReceived: 0,
  attributes: {},
});
