import { join } from 'node:path';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { paginateScan } from '@aws-sdk/lib-dynamodb';
import type { SampleProducer, SystemTools } from '../../../operations/systems/system.ts';

interface Request {
  readonly id: string;
  readonly text: string;
}

type Reply = { readonly status: 'accepted' } | { readonly status: 'refused'; readonly reason: string };

const giftCards: SampleProducer<Request, Reply> = {
  unit: 'gift-cards',
  takenBy: 'take-gift-cards',
  file: join(import.meta.dirname, '../../../../samples/gift-cards.ndjson'),
  keyOf: ({ id }) => id,
  renewed: (request, suffix) => ({ ...request, id: `${request.id}-${suffix}` }),
  open({ outputs, clients: { lambda } }) {
    return {
      async send(request) {
        const { FunctionError, Payload } = await lambda.send(
          new InvokeCommand({ FunctionName: outputs.TakeFunction, Payload: JSON.stringify(request) }),
        );
        const text = Buffer.from(Payload ?? []).toString('utf8');
        if (FunctionError !== undefined) throw new Error(`take-gift-cards failed: ${text}`);
        return JSON.parse(text) as Reply;
      },
      close: () => undefined,
    };
  },
  answerOf: (reply) =>
    reply.status === 'accepted' ? { outcome: 'accepted' } : { outcome: 'refused', reason: reply.reason },
};

const CONSUMER = 'handle-gift-cards';
const eventId = (id: string): string => `take-gift-cards/${id}`;

/** What runs and reconciles the gift-cards system. */
export const giftCardsTools: SystemTools = {
  producers: { giftCards },
  reconciled: [CONSUMER],
  async reconcile({ sent, isDead }, { outputs, clients: { dynamodb } }) {
    const handled = new Set<string>();
    const TableName = outputs.HandledTable;
    for await (const { Items = [] } of paginateScan({ client: dynamodb }, { TableName, ConsistentRead: true }))
      for (const { id } of Items) handled.add(String(id));
    const accepted = new Set(
      sent.filter(({ reply }) => (reply as Reply).status === 'accepted').map(({ request }) => (request as Request).id),
    );
    const missing = [...accepted].filter((id) => !handled.has(id) && !isDead(CONSUMER, eventId(id)));
    const strangers = [...handled].filter((id) => !accepted.has(id));
    return {
      figures: { accepted: accepted.size, handled: handled.size },
      rows: [
        ['accepted', accepted.size, ''],
        ['handled', handled.size, 'items in the table'],
      ],
      lost: missing.length,
      duplicatedEffects: 0,
      outOfOrder: 0,
      problems: [
        ...(missing.length > 0 ? [`lost: ${missing.length} of gift-cards, the first is ${missing[0]}`] : []),
        ...(strangers.length > 0 ? [`handled, but never accepted: ${strangers.length}`] : []),
      ],
    };
  },
};
