import { randomUUID } from 'node:crypto';
import { PutRecordCommand } from '@aws-sdk/client-kinesis';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { type AnyEventType, schemaUri } from '../../contracts/events/event.ts';
import type { SystemContract } from '../../contracts/system.ts';
import type { Clients } from '../deployed/clients.ts';
import type { World } from './system.ts';

/** A message that nobody can read, and the reason that must stand in its dead letter. */
export interface Malformed {
  readonly reason: string;
  readonly body: string;
}

/** @param data that the event's schema refuses; undefined: it takes any */
function malformed(event: AnyEventType, data: unknown): readonly Malformed[] {
  const header = {
    specversion: '1.0',
    id: `malformed/${randomUUID()}`,
    source: '/malformed',
    type: event.type,
    time: new Date(0).toISOString(),
    dataschema: schemaUri(event),
    datacontenttype: 'application/json',
    subject: 'malformed',
    data: data === undefined ? 0 : data,
  };
  return [
    { reason: 'broken-json', body: `{"specversion":"1.0","type":"${event.type}"` },
    { reason: 'not-an-event', body: JSON.stringify({ hello: 'world' }) },
    { reason: 'unknown-type', body: JSON.stringify({ ...header, type: `${event.type}-never-declared` }) },
    {
      reason: 'wrong-version',
      body: JSON.stringify({ ...header, dataschema: schemaUri({ type: event.type, version: FUTURE_VERSION }) }),
    },
    ...(data === undefined ? [] : [{ reason: 'invalid-data', body: JSON.stringify(header) }]),
  ];
}

const FUTURE_VERSION = 99_999;
/** Events are objects; should one be something else, it is not all of these. */
const NO_DATA = [0, 'text', [], {}, null];

async function refusedBy({ data }: AnyEventType): Promise<unknown> {
  for (const value of NO_DATA) if ((await data['~standard'].validate(value)).issues !== undefined) return value;
  return undefined;
}

/** Who got messages that nobody can read. */
export interface MalformedSent {
  /** Consumers, by name. */
  readonly consumers: readonly string[];
  /** To be found in the dead letters of each of them. */
  readonly reasons: readonly string[];
}

/**
 * Sends every kind of malformed message to every queue and every log of a contract that somebody reads, whoever that is. Where an event takes any data, nobody
 * gets one with wrong data.
 */
export async function sendMalformed(
  { channels }: Pick<SystemContract, 'channels'>,
  { stackName, clients, deployed }: Pick<World, 'stackName' | 'clients' | 'deployed'>,
): Promise<MalformedSent> {
  const read = channels.flatMap(({ kind, name, events: [event] }) => {
    const queue = deployed.queues.find((one) => kind === 'queue' && one.name === name);
    const log = deployed.logs.find((one) => kind === 'log' && one.name === `${stackName}-${name}`);
    const readers = queue?.consumers ?? log?.consumers ?? [];
    return event === undefined || readers.length === 0 ? [] : [{ event, queue, log, readers }];
  });
  const data = await Promise.all(read.map(({ event }) => refusedBy(event)));
  const takesAny = data.includes(undefined);
  let reasons: readonly string[] = [];
  for (const [i, { event, queue, log }] of read.entries()) {
    const messages = malformed(event, takesAny ? undefined : data[i]);
    reasons = messages.map(({ reason }) => reason);
    for (const message of messages) {
      if (queue !== undefined) await toQueue(clients, queue.url, message);
      if (log !== undefined) await toLog(clients, log.name, message);
    }
  }
  const gives = (name: string) => deployed.consumers.includes(name) && !deployed.archives.includes(name);
  return { consumers: [...new Set(read.flatMap(({ readers }) => readers))].filter(gives), reasons };
}

/** A FIFO queue takes each as a message of its own, behind nothing. */
async function toQueue({ sqs }: Clients, QueueUrl: string, { body }: Malformed): Promise<void> {
  const id = { MessageGroupId: `malformed-${randomUUID()}`, MessageDeduplicationId: randomUUID() };
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: body, ...(QueueUrl.endsWith('.fifo') ? id : {}) }));
}

async function toLog({ kinesis }: Clients, StreamName: string, { body, reason }: Malformed): Promise<void> {
  await kinesis.send(new PutRecordCommand({ StreamName, Data: Buffer.from(body), PartitionKey: reason }));
}
