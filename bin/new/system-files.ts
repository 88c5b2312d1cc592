import type { Layout } from './layout.ts';
import type { Names } from './names.ts';

/** A file to be written. */
export interface NewFile {
  readonly path: string;
  readonly text: string;
}

/** Samples that come with a new system. */
const SAMPLES = 20;

/** What writes a file: the names, how its imports are written, and whose house it is. */
interface Writing {
  readonly n: Names;
  readonly isHouse: boolean;
  readonly imports: (library: readonly string[], others?: Readonly<Record<string, readonly string[]>>) => string;
  /** Path of the contract from where the functions are. */
  readonly contractPath: string;
}

/** The files of a system as it begins: a function that takes requests, a queue, a consumer with an inbox, samples and their reconciliation. */
export function systemFiles(n: Names, layout: Layout): readonly NewFile[] {
  const at = `${layout.systems}/${n.name}`;
  const functions = `${layout.lambdas}/${n.name}`;
  const texts: readonly (readonly [path: string, text: (writing: Writing) => string])[] = [
    [`${at}/contract.ts`, contract],
    [`${at}/stack.ts`, stack],
    [`${at}/system.ts`, system],
    [`${at}/tools/tools.ts`, tools],
    [`${functions}/take-${n.name}.ts`, take],
    [`${functions}/handle-${n.name}.ts`, handle],
    [`${layout.samples}/${n.name}.ndjson`, samples],
    [`${layout.docs}/${n.name}.md`, page],
  ];
  return texts.map(([path, text]) => ({
    path,
    text: text({
      n,
      isHouse: layout.isHouse,
      contractPath: `../../${at}/contract.ts`,
      imports: (library, others) => layout.imports(path, library, others),
    }),
  }));
}

const contract = ({
  n,
  imports,
}: Writing): string => `${imports(['event', 'queue', 'minutes', 'seconds', 'exponential', 'subscription'], { valibot: ['* as v'] })}

/** The ${n.name} system as it is declared: the stack deploys this file, the functions run it. */
export const ${n.type}Received = event('${n.name}.received', {
  version: 1,
  data: v.object({
    id: v.pipe(v.string(), v.regex(/^[A-Za-z0-9-]{1,40}$/, 'must be 1 to 40 letters, digits or hyphens')),
    text: v.pipe(v.string(), v.maxLength(1_000)),
  }),
  key: ({ id }) => id,
});

const traffic = { peakPerSecond: 20, usualPerSecond: 2, averageBytes: 500 };

export const ${n.value} = queue('${n.name}', { events: [${n.type}Received], traffic });

/** The effect commits in one transaction with the inbox: what comes twice is done once. */
export const handle${n.type} = subscription('handle-${n.name}', {
  to: ${n.value},
  guarantee: 'effectively-once',
  inbox: 'effect',
  retry: exponential({ attempts: 3, base: seconds(1), cap: minutes(1) }),
  timeout: seconds(30),
  concurrency: 10,
});

/** Names of the environment variables of this system's functions, beside those of the runtime. */
export const ${n.constant}_ENV = { handledTable: 'HANDLED_TABLE' } as const;
`;

const STACK = [
  ...[
    'watchCalledFunction',
    'watchProducers',
    'SystemAlarms',
    'grantSend',
    'QueueConsumer',
    'SystemDashboard',
    'allow',
  ],
  ...[
    'messagingFunction',
    'removalPolicyOf',
    'stageOf',
    'InboxTable',
    'messagingKey',
    'seconds',
    'type SystemOverview',
  ],
];

const stack = ({ n, imports, isHouse }: Writing): string => `${imports(
  [...STACK, ...(isHouse ? ['SchemaRegistry', 'type HouseStackProps'] : [])],
  {
    ...(isHouse ? { 'node:path': ['join'] } : {}),
    'aws-cdk-lib': ['CfnOutput', 'Stack', 'Tags', ...(isHouse ? [] : ['type StackProps'])],
    'aws-cdk-lib/aws-dynamodb': ['AttributeType', 'BillingMode', 'Table', 'TableEncryption'],
    'aws-cdk-lib/aws-iam': ['ArnPrincipal'],
    'aws-cdk-lib/aws-lambda': ['FunctionUrlAuthType'],
    constructs: ['Construct'],
    './contract.ts': [`handle${n.type}`, `${n.constant}_ENV`, n.value],
  },
)}
${
  isHouse
    ? "\nconst SCHEMAS = join(import.meta.dirname, '../../../schemas');\n"
    : `
export interface ${n.type}StackProps extends StackProps {
  /** Folder of a function's bundle, from \`bundleFunctions()\`. */
  readonly codeOf: (entry: string) => string;
}
`
}
const TAKE_TIMEOUT = seconds(20);

/** The ${n.name} system: a stack of its own. */
export class ${n.type}Stack extends Stack {
  /** What a dashboard over all systems shows of this one. */
  readonly overview: SystemOverview;

  constructor(scope: Construct, id: string, { codeOf, ...props }: ${isHouse ? 'HouseStackProps' : `${n.type}StackProps`}) {
    super(scope, id, { description: '${n.name}', ...props });
    Tags.of(this).add('sluice:system', '${n.name}');
${isHouse ? `    new SchemaRegistry(this, 'schemas', { events: ${n.value}.events, folder: SCHEMAS });\n` : ''}    const key = messagingKey(this);
    const alarms = new SystemAlarms(this, 'alarms', { key });
    const inbox = new InboxTable(this, 'inbox');
    const handled = new Table(this, 'handled', {
      partitionKey: { name: 'id', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.AWS_MANAGED,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: removalPolicyOf(this),
    });

    const common = { inbox, alarms };
    const handle = new QueueConsumer(this, handle${n.type}, {
      ...common,
      code: codeOf('${n.name}/handle-${n.name}'),
      environment: { [${n.constant}_ENV.handledTable]: handled.tableName },
    });
    allow(handle.function, ['dynamodb:PutItem'], [handled.tableArn]);

    const take = messagingFunction(new Construct(this, 'take-${n.name}'), 'take-${n.name}', {
      code: codeOf('${n.name}/take-${n.name}'),
      description: 'Takes a request and replies at once',
      timeout: TAKE_TIMEOUT,
      reserved: stageOf(this).reservedForCallers,
    });
    grantSend(take, handle.work.destination);
    const url = take.addFunctionUrl({ authType: FunctionUrlAuthType.AWS_IAM });
    for (const caller of stageOf(this).callers) url.grantInvokeUrl(new ArnPrincipal(caller));
    watchCalledFunction(alarms, 'take-${n.name}', take);

    const consumers = [handle];
    const dashboard = new SystemDashboard(this, 'dashboard', {
      title: '${n.type}',
      consumers: consumers.map(({ view }) => view),
      outboxes: [],
      producers: [watchProducers(handle, alarms, ${n.value})],
      alarms,
    });
    this.overview = dashboard.overview;
    this.output('TakeFunction', take.functionName);
    this.output('HandledTable', handled.tableName);
  }

  private output(name: string, value: string): void {
    new CfnOutput(this, name, { key: name, value });
  }
}
`;

const system = ({
  n,
  imports,
  isHouse,
}: Writing): string => `${imports(['systemContract', isHouse ? 'type HouseSystem' : 'type System'], { './contract.ts': ['* as contract'] })}

export const ${n.value}: ${isHouse ? 'HouseSystem' : 'System'} = {
  name: '${n.name}',
  summary: 'say here in one line what it is for',
  contract: systemContract('${n.name}', contract),
${isHouse ? `  stack: async () => (await import('./stack.ts')).${n.type}Stack,\n` : ''}  tools: async () => (await import('./tools/tools.ts')).${n.value}Tools,
};
`;

const tools = ({ n, imports, isHouse }: Writing): string => `${imports(['type SampleProducer', 'type SystemTools'], {
  'node:path': ['join'],
  '@aws-sdk/client-lambda': ['InvokeCommand'],
  '@aws-sdk/lib-dynamodb': ['paginateScan'],
})}

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
  open({ outputs, clients: { lambda } }) {
    return {
      async send(request) {
        const { FunctionError, Payload } = await lambda.send(
          new InvokeCommand({ FunctionName: outputs.TakeFunction, Payload: JSON.stringify(request) }),
        );
        const text = Buffer.from(Payload ?? []).toString('utf8');
        if (FunctionError !== undefined) throw new Error(\`take-${n.name} failed: \${text}\`);
        return JSON.parse(text) as Reply;
      },
      close: () => undefined,
    };
  },
  answerOf: (reply) =>
    reply.status === 'accepted' ? { outcome: 'accepted' } : { outcome: 'refused', reason: reply.reason },
};

const CONSUMER = 'handle-${n.name}';
const eventId = (id: string): string => \`take-${n.name}/\${id}\`;

/** What runs and reconciles the ${n.name} system. */
export const ${n.value}Tools: SystemTools = {
  producers: { ${n.value} },
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
        ...(missing.length > 0 ? [\`lost: \${missing.length} of ${n.name}, the first is \${missing[0]}\`] : []),
        ...(strangers.length > 0 ? [\`handled, but never accepted: \${strangers.length}\`] : []),
      ],
    };
  },
};
`;

const take = ({ n, imports, contractPath }: Writing): string => `${imports(
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

const handle = ({ n, imports, contractPath }: Writing): string => `${imports(['consume', 'requiredEnv'], {
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

const samples = ({ n }: Writing): string =>
  Array.from(
    { length: SAMPLES },
    (_, i) => `${JSON.stringify({ id: `${n.name}-${i + 1}`, text: `number ${i + 1}` })}\n`,
  ).join('');

const page = ({ n }: Writing): string => `# ${n.type}

**What it is for.** Say here in a sentence or two.

**Flow.** \`take-${n.name}\` (function URL) -> queue \`${n.name}\` -> \`handle-${n.name}\` -> table \`handled\`.

**Promise.** What is accepted is handled once: the effect commits in one transaction with the inbox record. Order is not promised.

**What a crash can still do.** Between the call and its answer a caller does not know whether it was accepted: the same id again is the same event.

**Run it.** \`npm start -- --system ${n.name}\`, \`npx sluice produce ${n.name} --count 10\`, \`npx sluice cost\`.
`;
