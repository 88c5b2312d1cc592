import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Where the parts of an app are, and where what they import comes from. */
export interface Layout {
  readonly folder: string;
  /** Whether it is the folder of this project: its systems import the library's files, and are in a list. */
  readonly isHouse: boolean;
  /** Folder of the systems. */
  readonly systems: string;
  readonly lambdas: string;
  readonly samples: string;
  readonly docs: string;
  /**
   * The import lines of a file, sorted as the formatter does.
   * @param library names of the library
   * @param others names by module
   */
  imports(file: string, library: readonly string[], others?: Readonly<Record<string, readonly string[]>>): string;
}

/** Of what is imported: the file in this house's `lib/`, and the door of the package that hands it out. */
const SOURCES: Readonly<Record<string, readonly [file: string, door: string]>> = {
  answered: ['runtime/publishing/function-url.ts', 'sluice/runtime'],
  answerOf: ['operations/systems/calling.ts', 'sluice-cli/inspect'],
  callerOf: ['operations/systems/calling.ts', 'sluice-cli/inspect'],
  output: ['operations/deployed/deployment.ts', 'sluice-cli/inspect'],
  allow: ['constructs/functions/messaging-function.ts', 'sluice/constructs'],
  consume: ['runtime/consuming/consume.ts', 'sluice/runtime'],
  envelope: ['contracts/events/envelope.ts', 'sluice/contracts'],
  event: ['contracts/events/event.ts', 'sluice/contracts'],
  exponential: ['contracts/declaring/retry.ts', 'sluice/contracts'],
  grantSend: ['constructs/channels/channel-grants.ts', 'sluice/constructs'],
  InboxTable: ['constructs/stores/inbox-table.ts', 'sluice/constructs'],
  LogConsumer: ['constructs/consumers/log-consumer.ts', 'sluice/constructs'],
  messagingFunction: ['constructs/functions/messaging-function.ts', 'sluice/constructs'],
  messagingKey: ['constructs/stores/messaging-key.ts', 'sluice/constructs'],
  minutes: ['contracts/declaring/duration.ts', 'sluice/contracts'],
  publisher: ['runtime/publishing/publish.ts', 'sluice/runtime'],
  queue: ['contracts/channels/queue.ts', 'sluice/contracts'],
  fifoQueue: ['contracts/channels/queue.ts', 'sluice/contracts'],
  QueueConsumer: ['constructs/consumers/queue-consumer.ts', 'sluice/constructs'],
  removalPolicyOf: ['constructs/stages/stage.ts', 'sluice/constructs'],
  requiredEnv: ['runtime/invocation/environment.ts', 'sluice/runtime'],
  SchemaRegistry: ['constructs/producing/schema-registry.ts', 'sluice/constructs'],
  seconds: ['contracts/declaring/duration.ts', 'sluice/contracts'],
  stageOf: ['constructs/stages/stage.ts', 'sluice/constructs'],
  subscription: ['contracts/subscriptions/subscription.ts', 'sluice/contracts'],
  SystemAlarms: ['constructs/alarms/system-alarms.ts', 'sluice/constructs'],
  systemContract: ['contracts/system.ts', 'sluice/contracts'],
  SystemDashboard: ['constructs/dashboards/system-dashboard.ts', 'sluice/constructs'],
  UnreadableMessage: ['contracts/events/envelope.ts', 'sluice/contracts'],
  validate: ['contracts/events/envelope.ts', 'sluice/contracts'],
  watchCalledFunction: ['constructs/alarms/function.ts', 'sluice/constructs'],
  watchProducers: ['constructs/alarms/producer.ts', 'sluice/constructs'],
  'type HandlerContext': ['runtime/consuming/consume.ts', 'sluice/runtime'],
  'type HouseStackProps': ['systems/house-system.ts', 'sluice-cli'],
  'type HouseSystem': ['systems/house-system.ts', 'sluice-cli'],
  'type SampleProducer': ['operations/systems/system.ts', 'sluice-cli'],
  'type SystemOverview': ['constructs/dashboards/overview-dashboard.ts', 'sluice/constructs'],
  'type System': ['operations/systems/system.ts', 'sluice-cli'],
  'type SystemTools': ['operations/systems/system.ts', 'sluice-cli'],
};

/** The files of a folder: those of this house, or of an app that uses the packages. */
export function layoutOf(folder: string): Layout {
  const isHouse = existsSync(join(folder, 'lib/contracts/index.ts'));
  const root = isHouse ? 'lib/systems' : 'systems';
  return {
    folder,
    isHouse,
    systems: root,
    ...{ lambdas: 'lambdas', samples: 'samples', docs: 'docs/systems' },
    imports(file, library, others = {}) {
      const from = (name: string): string => {
        const source = SOURCES[name];
        if (source === undefined) throw new Error(`where '${name}' comes from is not known`);
        return isHouse ? relativePath(dirname(file), join('lib', source[0])) : source[1];
      };
      const modules = new Map<string, readonly string[]>([...Map.groupBy(library, from), ...Object.entries(others)]);
      return [...modules]
        .sort(([a], [b]) => rank(a) - rank(b) || a.localeCompare(b, 'en', { numeric: true }))
        .map(([module, names]) => importLine(module, names))
        .join('\n');
    },
  };
}

const relativePath = (from: string, to: string): string => {
  const path = relative(from, to);
  return path.startsWith('.') ? path : `./${path}`;
};

/** Node's own, packages, then files: those farthest away first. */
const rank = (module: string): number =>
  module.startsWith('node:') ? 0 : module.startsWith('./') ? 3 : module.startsWith('.') ? 2 : 1;

const MAX_LINE = 120;
const bare = (name: string): string => name.replace(/^type /, '').replace(/^\* as /, '');

/** As the formatter sorts names: without regard to case, capitals first where only the case differs. */
function natural(a: string, b: string): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [x, y] = [a.charAt(i), b.charAt(i)];
    if (x === y) continue;
    return x.toLowerCase() === y.toLowerCase() ? (x < y ? -1 : 1) : x.toLowerCase() < y.toLowerCase() ? -1 : 1;
  }
  return a.length - b.length;
}

export function importLine(module: string, names: readonly string[]): string {
  const [all] = names;
  if (all?.startsWith('* as ')) return `import ${all} from '${module}';`;
  const sorted = [...names].sort((a, b) => natural(bare(a), bare(b)));
  const types = sorted.every((name) => name.startsWith('type '));
  const listed = types ? sorted.map(bare) : sorted;
  const line = `import ${types ? 'type ' : ''}{ ${listed.join(', ')} } from '${module}';`;
  return line.length <= MAX_LINE
    ? line
    : `import ${types ? 'type ' : ''}{\n${listed.map((name) => `  ${name},\n`).join('')}} from '${module}';`;
}
