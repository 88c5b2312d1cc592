import { randomUUID } from 'node:crypto';
import { PutRecordCommand } from '@aws-sdk/client-kinesis';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { type AnyEventType, schemaUri } from '../../contracts/events/event.ts';
import type { SystemContract } from '../../contracts/system.ts';
import type { World } from './system.ts';

/** A message that nobody can read, and the reason that must stand in its dead letter. */
export interface Malformed {
  readonly reason: string;
  readonly body: string;
}

/** Any event type, as far as the header goes: what is in it is nothing that a schema of an object takes. */
function malformed(event: AnyEventType): readonly Malformed[] {
  const header = {
    specversion: '1.0',
    id: `malformed/${randomUUID()}`,
    source: '/malformed',
    type: event.type,
    time: new Date(0).toISOString(),
    dataschema: schemaUri(event),
    datacontenttype: 'application/json',
    subject: 'malformed',
    data: 0,
  };
  return [
    { reason: 'broken-json', body: `{"specversion":"1.0","type":"${event.type}"` },
    { reason: 'not-an-event', body: JSON.stringify({ hello: 'world' }) },
    { reason: 'unknown-type', body: JSON.stringify({ ...header, type: `${event.type}-never-declared` }) },
    {
      reason: 'wrong-version',
      body: JSON.stringify({ ...header, dataschema: schemaUri({ type: event.type, version: FUTURE_VERSION }) }),
    },
    { reason: 'invalid-data', body: JSON.stringify(header) },
  ];
}

const FUTURE_VERSION = 99_999;

/** Who got messages that nobody can read. */
export interface MalformedSent {
  /** Consumers, by name. */
  readonly consumers: readonly string[];
  /** To be found in the dead letters of each of them. */
  readonly reasons: readonly string[];
}

/** Sends every kind of malformed message to every queue and every log that a declared consumer reads. */
export async function sendMalformed(
  { channels }: Pick<SystemContract, 'channels'>,
  { clients: { sqs, kinesis }, deployed }: Pick<World, 'clients' | 'deployed'>,
): Promise<MalformedSent> {
  const consumers = new Set<string>();
  let reasons: readonly string[] = [];
  for (const { name, events } of channels) {
    const [event] = events;
    if (event === undefined) continue;
    const messages = malformed(event);
    reasons = messages.map(({ reason }) => reason);
    const queue = deployed.queues.find((one) => one.name === name);
    const log = deployed.logs.find((one) => one.name.endsWith(`-${name}`));
    for (const { reason, body } of messages) {
      if (queue !== undefined) {
        const id = { MessageGroupId: `malformed-${randomUUID()}`, MessageDeduplicationId: randomUUID() };
        const fifo = queue.url.endsWith('.fifo');
        await sqs.send(new SendMessageCommand({ QueueUrl: queue.url, MessageBody: body, ...(fifo ? id : {}) }));
      }
      if (log !== undefined && log.consumers.length > 0)
        await kinesis.send(
          new PutRecordCommand({ StreamName: log.name, Data: Buffer.from(body), PartitionKey: reason }),
        );
    }
    for (const consumer of [...(queue?.consumers ?? []), ...(log?.consumers ?? [])]) consumers.add(consumer);
  }
  return { consumers: [...consumers].filter((name) => deployed.consumers.includes(name)), reasons };
}
