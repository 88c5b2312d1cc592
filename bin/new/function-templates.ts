import type { Writing } from './writing.ts';

export const take = ({ n, imports, contractPath }: Writing): string => `${imports(
  ['answered', 'envelope', 'UnreadableMessage', 'validate', 'publisher'],
  { [contractPath]: [`${n.type}Received`, n.value] },
)}

type Reply = { readonly status: 'accepted' } | { readonly status: 'refused'; readonly reason: string };

const publish = publisher(${n.value});

/** By function URL, or invoked with the request as it is. The same id again is the same event: the consumer's inbox knows it. */
export const handler = answered('take-${n.name}', take, ({ status }) => (status === 'accepted' ? 202 : 422));

async function take(request: unknown): Promise<Reply> {
  try {
    const data = validate(${n.type}Received, request);
    const header = { id: \`take-${n.name}/\${data.id}\`, source: '/take-${n.name}', time: new Date() };
    await publish([envelope(${n.type}Received, data, header)]);
    return { status: 'accepted' };
  } catch (error) {
    if (error instanceof UnreadableMessage) return { status: 'refused', reason: 'malformed' };
    throw error;
  }
}
`;

export const handle = ({ n, imports, contractPath }: Writing): string => `${imports(['consume', 'requiredEnv'], {
  [contractPath]: [`handle${n.type}`, `${n.constant}_ENV`, `${n.type}Received`],
})}

const TableName = requiredEnv(${n.constant}_ENV.handledTable, 'which table keeps what was handled');

/** The writes commit in one transaction with the inbox record: whatever comes twice is done once. */
export const handler = consume(handle${n.type}, {
  [${n.type}Received.type]: async ({ id, text }, { event }) => [
    { Put: { TableName, Item: { id, text, eventId: event.id } } },
  ],
});
`;
