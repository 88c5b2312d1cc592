import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Parser } from '@asyncapi/parser';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { asyncApiText } from '../../../bin/commands/schema.ts';
import { outbox } from '../../../lib/contracts/channels/outbox.ts';
import { queue } from '../../../lib/contracts/channels/queue.ts';
import { tableChanges } from '../../../lib/contracts/channels/table-changes.ts';
import { topic } from '../../../lib/contracts/channels/topic.ts';
import { event } from '../../../lib/contracts/events/event.ts';
import { subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import { systemContract } from '../../../lib/contracts/system.ts';
import { asyncApiDocument } from '../../../lib/operations/schemas/asyncapi.ts';
import { declaredSchemas } from '../../../lib/operations/schemas/schemas.ts';
import { SYSTEMS as HOUSE } from '../../../lib/systems/systems.ts';

const SYSTEMS = HOUSE.map(({ contract }) => contract);
const COMMITTED = join(import.meta.dirname, '../../../docs/asyncapi.json');
const INFO = { title: 'Test', version: '1.0.0', description: 'A test' };
const ERROR = 0;

/** What the AsyncAPI parser makes of a document; it throws what is wrong. */
async function parsed(text: string) {
  const { document, diagnostics } = await new Parser().parse(text);
  const errors = diagnostics
    .filter(({ severity }) => severity === ERROR)
    .map(({ path, message }) => `${path.join('.')}: ${message}`);
  expect(errors).toEqual([]);
  if (document === undefined) throw new Error('no document');
  return document;
}

describe('the AsyncAPI document of this house', () => {
  it('is valid and is the one in docs/ (npx sluice schema asyncapi --output docs/asyncapi.json)', async () => {
    const text = await asyncApiText(SYSTEMS);
    expect(readFileSync(COMMITTED, 'utf8')).toBe(text);
    await parsed(text);
  });

  it('has an operation for every consumer and for every channel of the outbox', async () => {
    const document = await parsed(await asyncApiText(SYSTEMS));
    const operations = document.operations().all();
    const by = (action: string) =>
      operations
        .filter((one) => one.action() === action)
        .map((one) => one.id())
        .sort();
    const consumers = SYSTEMS.flatMap(({ subscriptions }) => subscriptions.map(({ name }) => name));
    expect(by('receive')).toEqual(consumers.sort());
    expect(consumers).toContain('charge-card');
    expect(by('send')).toEqual([
      'order-outbox-to-order-log',
      'order-outbox-to-order-topic',
      'order-topic-to-emails',
      'order-topic-to-invoices',
      'order-topic-to-payments',
      'order-topic-to-stock',
    ]);
  });

  it('sends the newest version and receives every one that is read', async () => {
    const document = await parsed(await asyncApiText(SYSTEMS));
    const messages = (id: string) =>
      document
        .operations()
        .get(id)
        ?.messages()
        .all()
        .map((one) => one.title())
        .sort();
    expect(messages('order-outbox-to-order-log')).toEqual([
      'orders.order-cancelled version 2',
      'orders.order-placed version 2',
    ]);
    expect(messages('charge-card')).toEqual([
      'orders.order-cancelled version 1',
      'orders.order-cancelled version 2',
      'orders.order-placed version 1',
      'orders.order-placed version 2',
    ]);
  });

  it('a message is the envelope with the data of its version inside', async () => {
    const document = await parsed(await asyncApiText(SYSTEMS));
    const message = document.components().messages().get('orders.order-placed.v2');
    const properties = message?.payload()?.properties() ?? {};
    expect(properties.dataschema?.const()).toBe('urn:sluice:orders.order-placed:v2');
    expect(Object.keys(properties.data?.properties() ?? {})).toContain('currency');
    expect(Object.keys(message?.headers()?.properties() ?? {})).toEqual(['type', 'version', 'traceparent']);
  });
});

describe('asyncApiDocument', () => {
  it('is valid for standard channels, without an outbox, and for data that contains itself', async () => {
    interface Tree {
      readonly next: Tree | null;
    }
    const tree: v.GenericSchema<Tree> = v.object({ next: v.nullable(v.lazy(() => tree)) });
    const Grown = event('trees.tree-grown', { version: 1, data: tree, key: () => 'tree' });
    const news = topic('news', { events: [Grown] });
    const work = queue('work', { events: [Grown], from: news });
    const direct = queue('direct', { events: [Grown] });
    const worker = subscription('worker', { to: work });
    const box = outbox('box', { publishes: [direct] });
    const system = systemContract('trees', { Grown, news, work, direct, worker, box });
    const text = JSON.stringify(await asyncApiDocument([system], INFO));
    const document = await parsed(text);
    expect(document.channels().all()).toHaveLength(3);
    expect(text).toContain('#/components/schemas/trees.tree-grown.v1/$defs/');
    expect(text).toContain('"ordering":{"type":"standard"}');
  });

  it('shows the changes of tables, each with the shape of its items', async () => {
    interface Tree {
      readonly next: Tree | null;
    }
    const tree: v.GenericSchema<Tree> = v.object({ next: v.nullable(v.lazy(() => tree)) });
    const shelf = tableChanges('shelf-changes', { item: v.object({ pk: v.string(), tree }) });
    const log = tableChanges('log-changes', { view: 'new-image', changes: ['insert'] });
    const reader = subscription('reader', { to: shelf });
    const another = subscription('another', { to: log });
    const system = systemContract('tables', { shelf, log, reader, another });
    const text = JSON.stringify(await asyncApiDocument([system], INFO));
    const document = await parsed(text);
    expect(document.channels().all()).toHaveLength(2);
    const messages = document.operations().get('reader')?.messages().all() ?? [];
    expect(messages.map((one) => one.id())).toEqual(['shelf-changes.item-changed']);
    const schemas = JSON.parse(text).components.schemas;
    const changesOf = (name: string) =>
      schemas[name].oneOf.map(({ properties }: { properties: Record<string, { const?: string }> }) => [
        properties.change?.const,
        Object.keys(properties).filter((field) => field === 'before' || field === 'after'),
      ]);
    expect(changesOf('shelf-changes.item-changed')).toEqual([
      ['insert', ['after']],
      ['modify', ['before', 'after']],
      ['remove', ['before']],
    ]);
    expect(changesOf('log-changes.item-changed')).toEqual([['insert', ['after']]]);
    // Data that contains itself, inside the item, inside the change, inside the document.
    expect(text).toContain('#/components/schemas/shelf-changes.item-changed/definitions/item/$defs/');
    expect(await declaredSchemas([system])).toEqual([]);
  });
});
