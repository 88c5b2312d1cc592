import type { Writing } from './writing.ts';

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

export const stack = ({ n, imports, isHouse }: Writing): string => `${imports(
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
