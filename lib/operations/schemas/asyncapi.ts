import type { Channel } from '../../contracts/channels/channel.ts';
import type { AnyTableChanges } from '../../contracts/channels/table-changes.ts';
import type { AnyEventType } from '../../contracts/events/event.ts';
import { schemaUri } from '../../contracts/events/event.ts';
import type { Json } from '../../contracts/schemas/json-schema.ts';
import type { SystemContract } from '../../contracts/system.ts';
import { itemChangeSchema } from './item-change-schema.ts';
import { rebased } from './rebased-schema.ts';
import { jsonSchemaOf } from './schemas.ts';

/**
 * The contracts of all systems as an AsyncAPI 3 document (https://www.asyncapi.com/docs/reference/specification/v3.0.0): for people,
 * catalogues and code generators of other teams. Servers are left out: the same contracts are deployed to any stage.
 */
export type AsyncApiDocument = { readonly asyncapi: string } & { readonly [field: string]: Json };

type Fields = { readonly [field: string]: Json };

export async function asyncApiDocument(
  systems: readonly SystemContract[],
  info: { readonly title: string; readonly version: string; readonly description: string },
): Promise<AsyncApiDocument> {
  const events = [...new Set(systems.flatMap((system) => system.events))];
  const changes = systems.flatMap((system) => system.tableChanges);
  const channels = [...systems.flatMap((system) => system.channels), ...changes];
  const versions = [...events.flatMap(versionsOf), ...changes.map(changeOf)];
  return {
    asyncapi: '3.0.0',
    info,
    defaultContentType: 'application/json',
    channels: byName(channels, (channel) => [channel.name, channelObject(channel)]),
    operations: Object.fromEntries(systems.flatMap((system) => [...sends(system), ...receives(system)])),
    components: {
      messages: byName(versions, (one) => [messageName(one), messageObject(one)]),
      schemas: Object.fromEntries(await Promise.all(versions.map(dataSchema))),
      messageTraits: { cloudEvent: { headers: ROUTING_HEADERS, contentType: 'application/json' } },
    },
  };
}

const byName = <T>(list: readonly T[], entry: (one: T) => readonly [string, Json]): Fields =>
  Object.fromEntries(list.map(entry));

/** One version of an event: the newest, or one that is still read. */
interface EventVersion {
  readonly type: string;
  readonly version: number;
  readonly newest: number;
  readonly data: AnyEventType['data'];
  /** The changes of a table have one type for all tables, and their data is the table's. */
  readonly of?: AnyTableChanges;
}

const versionsOf = (event: AnyEventType): readonly EventVersion[] =>
  [...event.previous, event].map(({ version, data }) => ({ type: event.type, version, newest: event.version, data }));

const changeOf = (changes: AnyTableChanges): EventVersion => {
  const [{ type, version, data }] = changes.events;
  return { type, version, newest: version, data, of: changes };
};

const versionsIn = (channel: Channel | AnyTableChanges): readonly EventVersion[] =>
  channel.kind === 'table-changes' ? [changeOf(channel)] : channel.events.flatMap(versionsOf);

/** Names of components may hold letters, digits, dots, hyphens and underscores. */
const messageName = ({ type, version, of }: Pick<EventVersion, 'type' | 'version' | 'of'>): string =>
  of === undefined ? `${type}.v${version}` : `${of.name}.item-changed`;

const reference = (...path: readonly string[]): Fields => ({ $ref: `#/${path.join('/')}` });

/** Message attributes on queues and topics; a log has none. */
const ROUTING_HEADERS: Fields = {
  type: 'object',
  description: 'Message attributes on queues and topics, repeated from the event so that filters can use them',
  properties: {
    type: { type: 'string', description: 'Type of the event' },
    version: { type: 'string', description: 'Version of the data' },
    traceparent: { type: 'string', description: 'W3C trace context of the hop that sent it' },
  },
};

/** The CloudEvents 1.0 envelope around the data, in structured JSON. */
function messageObject({ type, version, newest, of }: EventVersion): Fields {
  const text = (description: string): Fields => ({ type: 'string', description });
  const written =
    of === undefined ? 'The version that is written' : 'Made of the record in the stream; nobody sends it';
  return {
    name: type,
    title: `${type} version ${version}`,
    summary:
      version === newest
        ? written
        : `No longer written; still read, and upcast to version ${newest} before a handler sees it`,
    traits: [reference('components', 'messageTraits', 'cloudEvent')],
    payload: {
      type: 'object',
      required: ['specversion', 'id', 'source', 'type', 'subject', 'time', 'dataschema', 'data'],
      properties: {
        specversion: { const: '1.0' },
        id: text('The idempotency key of the event'),
        source: text('Who sent it'),
        type: { const: type },
        subject: text('The entity it is about: order is kept per subject'),
        time: { type: 'string', format: 'date-time' },
        dataschema: { const: schemaUri({ type, version }) },
        datacontenttype: { const: 'application/json' },
        traceparent: text('W3C trace context'),
        correlationid: text('The request or process it belongs to'),
        causationid: text('Id of the event or request that caused it'),
        sequence: text('Position within the subject, zero-padded'),
        partitionkey: text('Key of the partition or message group'),
        data: reference('components', 'schemas', messageName({ type, version, ...(of && { of }) })),
      },
    },
  };
}

async function dataSchema(one: EventVersion): Promise<readonly [string, Json]> {
  const name = messageName(one);
  const schema = one.of === undefined ? await jsonSchemaOf(one.data, schemaUri(one)) : await itemChangeSchema(one.of);
  return [name, rebased(schema, `#/components/schemas/${name}`)];
}

const SERVICE: Readonly<Record<Channel['kind'] | 'table-changes', string>> = {
  topic: 'Topic (SNS)',
  queue: 'Queue (SQS)',
  log: 'Log (Kinesis)',
  'table-changes': "Changes of a table (DynamoDB's stream)",
};

function channelObject(channel: Channel | AnyTableChanges): Fields {
  const order = channel.order === 'per-key' ? 'in order per key' : 'without order';
  const fed = channel.kind === 'queue' && channel.from !== undefined ? `, fed by topic ${channel.from.name}` : '';
  return {
    address: channel.name,
    title: channel.name,
    description: `${SERVICE[channel.kind]}, ${order}${fed}. The deployed name is that of the stack and this one`,
    messages: byName(versionsIn(channel), (one) => [
      messageName(one),
      reference('components', 'messages', messageName(one)),
    ]),
    ...bindings(channel),
  };
}

const HOUR_SECONDS = 3_600;

/** What the services are told, in the binding versions of AsyncAPI 3.0. It knows none for Kinesis and DynamoDB: those are extensions. */
function bindings(channel: Channel | AnyTableChanges): Fields {
  if (channel.kind === 'table-changes') {
    return { 'x-dynamodb-stream': { view: channel.view, changes: channel.changes } };
  }
  if (channel.kind === 'log') {
    return {
      'x-kinesis': {
        name: channel.name,
        ...(channel.capacity === 'on-demand' ? { capacity: channel.capacity } : { shards: channel.shards }),
        retentionHours: channel.retention.seconds / HOUR_SECONDS,
      },
    };
  }
  const fifo = channel.order === 'per-key';
  const suffix = fifo ? '.fifo' : '';
  if (channel.kind === 'topic') {
    const ordering = { type: fifo ? 'FIFO' : 'standard', ...(fifo ? { contentBasedDeduplication: false } : {}) };
    return { bindings: { sns: { name: `${channel.name}${suffix}`, ordering, bindingVersion: '0.1.0' } } };
  }
  const queue = (name: string, seconds: number): Fields => ({
    name: `${name}${suffix}`,
    fifoQueue: fifo,
    messageRetentionPeriod: seconds,
  });
  return {
    bindings: {
      sqs: {
        queue: queue(channel.name, channel.retention.seconds),
        deadLetterQueue: queue(`${channel.name}-dead-letters`, channel.deadLetterRetention.seconds),
        bindingVersion: '0.2.0',
      },
    },
  };
}

type Operation = readonly [name: string, operation: Fields];

const messagesOf = (
  { name }: { readonly name: string },
  versions: readonly Pick<EventVersion, 'type' | 'version' | 'of'>[],
): Json => versions.map((one) => reference('channels', name, 'messages', messageName(one)));

/** An outbox sends the newest version to each of its channels; a topic sends on to the queues it feeds. */
function sends({ outboxes, channels }: SystemContract): readonly Operation[] {
  const send = (from: string, channel: Channel, summary: string): Operation => [
    `${from}-to-${channel.name}`,
    {
      action: 'send',
      channel: reference('channels', channel.name),
      summary,
      messages: messagesOf(channel, channel.events),
    },
  ];
  return [
    ...outboxes.flatMap((box) =>
      box.publishes.map((channel) =>
        send(box.name, channel, `Outbox ${box.name} publishes to ${channel.name}, in sequence`),
      ),
    ),
    ...channels.flatMap((channel) =>
      channel.kind === 'queue' && channel.from !== undefined
        ? [send(channel.from.name, channel, `Topic ${channel.from.name} delivers to ${channel.name}`)]
        : [],
    ),
  ];
}

function receives({ subscriptions }: SystemContract): readonly Operation[] {
  return subscriptions.map(({ name, to, guarantee, inbox, order }) => [
    name,
    {
      action: 'receive',
      channel: reference('channels', to.name),
      summary: `${name} consumes ${to.name}: ${guarantee}${inbox === 'none' ? '' : `, inbox ${inbox}`}`,
      messages: messagesOf(to, versionsIn(to)),
      'x-sluice': { guarantee, inbox, order },
    },
  ]);
}
