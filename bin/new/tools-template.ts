import type { Writing } from './writing.ts';

/** Samples that come with a new system. */
const SAMPLES = 20;

export const tools = ({ n, imports, isHouse }: Writing): string => `${imports(
  ['answerOf', 'callerOf', 'output', 'type SampleProducer', 'type SystemTools'],
  { 'node:path': ['join'], '@aws-sdk/lib-dynamodb': ['paginateScan'] },
)}

interface Request {
  readonly id: string;
  readonly text: string;
}

type Reply = { readonly status: 'accepted' } | { readonly status: 'refused'; readonly reason: string };

const ${n.value}: SampleProducer<Request, Reply> = {
  unit: '${n.name}',
  takenBy: 'take-${n.name}',
  file: join(import.meta.dirname, '${isHouse ? '../../../..' : '../../..'}/samples/${n.name}.ndjson'),
  keyOf: ({ id }) => id,
  renewed: (request, suffix) => ({ ...request, id: \`\${request.id}-\${suffix}\` }),
  open: ({ outputs }) => callerOf(output(outputs, 'TakeFunction')),
  answerOf,
};

const CONSUMER = 'handle-${n.name}';
const eventId = (id: string): string => \`take-${n.name}/\${id}\`;

/** What runs and reconciles the ${n.name} system. */
export const ${n.value}Tools: SystemTools = {
  producers: { ${n.value} },
  reconciled: [CONSUMER],
  async reconcile({ sent, isDead }, { outputs, clients: { dynamodb } }) {
    const handled = new Set<string>();
    const TableName = output(outputs, 'HandledTable');
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
        ...(missing.length > 0 ? [\`lost: \${missing.length} of ${n.name}, the first is \${missing[0]}\`] : []),
        ...(strangers.length > 0 ? [\`handled, but never accepted: \${strangers.length}\`] : []),
      ],
    };
  },
};
`;

export const samples = ({ n }: Writing): string =>
  Array.from(
    { length: SAMPLES },
    (_, i) => `${JSON.stringify({ id: `${n.name}-${i + 1}`, text: `number ${i + 1}` })}\n`,
  ).join('');

export const page = ({ n }: Writing): string => `# ${n.type}

**What it is for.** Say here in a sentence or two.

**Flow.** \`take-${n.name}\` (function URL) -> queue \`${n.name}\` -> \`handle-${n.name}\` -> table \`handled\`.

**Promise.** What is accepted is handled once: the effect commits in one transaction with the inbox record. Order is not promised.

**What a crash can still do.** Between the call and its answer a caller does not know whether it was accepted: the same id again is the same event.

**Run it.** \`npm start -- --system ${n.name}\`, \`npx sluice produce ${n.name} --count 10\`, \`npx sluice cost\`.
`;
