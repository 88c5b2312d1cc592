import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Channel } from '../../../lib/contracts/channels/channel.ts';
import { seconds } from '../../../lib/contracts/declaring/duration.ts';
import { lambda, type Runtime } from '../../../lib/runtime/invocation/runtime.ts';
import { MessageTooLarge, PublishFailed, publisher, sizeOf } from '../../../lib/runtime/publishing/publish.ts';
import { type Entry, SENDERS, type Sender } from '../../../lib/runtime/publishing/senders.ts';
import { opened, orderedQueue, ticketLog, ticketTopic, workQueue } from '../../contracts/sample-declarations.ts';

const waits: number[] = [];
const options = { address: 'address' };
const runtime: Runtime = {
  ...lambda,
  random: () => 1,
  sleep: async (milliseconds) => void waits.push(milliseconds),
};

const ids = (entries: readonly Entry[]): string[] => entries.map(({ envelope }) => envelope.id);

/** Replaces the request of a kind of channel; records what each request carried. */
function sendWith(kind: Channel['kind'], send: Sender['send']) {
  const requests: string[][] = [];
  vi.spyOn(SENDERS[kind], 'send').mockImplementation((aws, channel, address, entries) => {
    requests.push(ids(entries));
    return send(aws, channel, address, entries);
  });
  return requests;
}

const accept: Sender['send'] = async () => [];

/** Refuses an event the first `times` times that it is sent. */
function refusing(id: string, times: number): Sender['send'] {
  let left = times;
  return async (_aws, _channel, _address, entries) =>
    entries
      .filter(({ envelope }) => envelope.id === id && left-- > 0)
      .map((entry) => ({ entry, error: 'Throttled: slow down' }));
}

afterEach(() => void waits.splice(0));

const failureOf = async (call: Promise<void>): Promise<PublishFailed> => {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof PublishFailed) return error;
  throw new Error(`PublishFailed was expected, got ${String(error)}`);
};

it.each([
  ['the longest delay', workQueue, seconds(900)],
  ['no delay on a FIFO queue', orderedQueue, seconds(0)],
])('takes %s', (_, channel, delay) => {
  expect(() => publisher(channel, { ...options, delay }, runtime)).not.toThrow();
});

it('does not try again what SQS calls invalid by its long name', async () => {
  const requests = sendWith('queue', async (_aws, _channel, _address, entries) =>
    entries.map((entry) => ({ entry, error: 'no', code: 'AWS.SimpleQueueService.InvalidMessageContents' })),
  );
  await failureOf(publisher(workQueue, options, runtime)([opened('A')]));
  expect(requests).toHaveLength(1);
});

it('PublishFailed says its name', () => {
  expect(new PublishFailed(ticketTopic, new Map([['e', 'no']]))).toMatchObject({ name: 'PublishFailed' });
});

describe('publisher', () => {
  it('sends in rounds, so that two events of a key are never in one request', async () => {
    const requests = sendWith('topic', accept);
    await publisher(ticketTopic, options, runtime)([opened('A', 'a1'), opened('A', 'a2'), opened('B', 'b1')]);
    expect(requests).toEqual([['a1', 'b1'], ['a2']]);
  });

  it('cuts a round into requests of the service’s size', async () => {
    const requests = sendWith('topic', accept);
    await publisher(ticketTopic, options, runtime)(Array.from({ length: 23 }, (_, i) => opened(`T-${i}`)));
    expect(requests.map((request) => request.length)).toEqual([10, 10, 3]);
  });

  it('sends only what was refused again, after a wait, and then what comes after it', async () => {
    const requests = sendWith('topic', refusing('a1', 2));
    await publisher(ticketTopic, options, runtime)([opened('A', 'a1'), opened('B', 'b1'), opened('A', 'a2')]);
    expect(requests).toEqual([['a1', 'b1'], ['a1'], ['a1'], ['a2']]);
    expect(waits).toEqual([100, 200]);
  });

  it('gives up after five tries, holds the key’s later events and names them', async () => {
    const requests = sendWith('topic', refusing('a1', Number.POSITIVE_INFINITY));
    const events = [opened('A', 'a1'), opened('A', 'a2'), opened('B', 'b1'), opened('B', 'b2'), opened('A', 'a3')];
    const failure = await failureOf(publisher(ticketTopic, options, runtime)(events));
    expect([...failure.unsent]).toEqual([
      ['a1', 'Throttled: slow down'],
      ['a2', "an earlier event of 'A' was not sent"],
      ['a3', "an earlier event of 'A' was not sent"],
    ]);
    expect(failure.message).toBe(
      "3 event(s) could not be sent to topic 'ticket-topic'; the first, 'a1': Throttled: slow down",
    );
    expect(requests).toEqual([['a1', 'b1'], ['a1'], ['a1'], ['a1'], ['a1'], ['b2']]);
  });

  it('takes a request that fails as a whole for a refusal of its entries', async () => {
    let failures = 1;
    const requests = sendWith('log', async () => {
      if (failures-- > 0) throw new Error('socket hang up');
      return [];
    });
    await publisher(ticketLog, options, runtime)([opened('A', 'a1'), opened('B', 'b1')]);
    expect(requests).toEqual([
      ['a1', 'b1'],
      ['a1', 'b1'],
    ]);
  });

  it('says why when every request fails', async () => {
    sendWith('log', () => Promise.reject(new Error('no such stream')));
    const failure = await failureOf(publisher(ticketLog, options, runtime)([opened('A', 'a1')]));
    expect([...failure.unsent]).toEqual([['a1', 'no such stream']]);
  });

  it('sends nothing at all when one event is too large', async () => {
    const requests = sendWith('topic', accept);
    const large = opened('B', 'b1', 'x'.repeat(262_144));
    const publish = publisher(ticketTopic, options, runtime)([opened('A', 'a1'), large]);
    await expect(publish).rejects.toThrow(MessageTooLarge);
    await expect(publish).rejects.toThrow(
      `event 'b1' (tickets.ticket-opened) is ${sizeOf(JSON.stringify(large)) + 118} bytes; topic 'ticket-topic' takes 262144. Make the event smaller, or declare oversized: 'claim-check' on its channels.`,
    );
    expect(requests).toEqual([]);
  });

  it('counts bytes, not characters', async () => {
    sendWith('topic', accept);
    const publish = publisher(ticketTopic, options, runtime)([opened('A', 'a1', '€'.repeat(100_000))]);
    await expect(publish).rejects.toThrow(MessageTooLarge);
  });

  it.each([
    ['the event’s id', options, 'a1'],
    [
      'what the caller makes of it',
      { ...options, deduplicationId: ({ id }: { id: string }) => `${id}#again` },
      'a1#again',
    ],
  ])('deduplicates by %s', async (_, given, expected) => {
    const seen: string[] = [];
    sendWith('queue', async (_aws, _channel, _address, entries) => {
      seen.push(...entries.map(({ deduplicationId }) => deduplicationId));
      return [];
    });
    await publisher(orderedQueue, given, runtime)([opened('A', 'a1')]);
    expect(seen).toEqual([expected]);
  });

  it('takes the address from the environment, and says which variable is missing', async () => {
    const seen: string[] = [];
    sendWith('log', async (_aws, _channel, address) => {
      seen.push(address);
      return [];
    });
    vi.stubEnv('SLUICE_CHANNEL_TICKET_LOG', 'the-stream');
    await publisher(ticketLog)([opened('A')]);
    expect(seen).toEqual(['the-stream']);
    expect(() => publisher(ticketTopic)).toThrow(
      "environment variable SLUICE_CHANNEL_TICKET_TOPIC is not set: it says where topic 'ticket-topic' is.",
    );
  });
});
