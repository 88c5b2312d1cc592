import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Channel } from '../../lib/contracts/channels/channel.ts';
import type { System } from '../../lib/operations/systems/system.ts';
import { importLine, type Layout } from './layout.ts';
import type { Names } from './names.ts';
import { namesOf } from './names.ts';
import type { NewFile } from './writing.ts';

/** What is written for a consumer, and what could not be: text for a person to put there. */
export interface ConsumerFiles {
  readonly files: readonly NewFile[];
  readonly byHand: readonly string[];
}

/**
 * A consumer of a channel of a system: subscription (behind a topic with a queue of its own), function, and its place in the stack.
 * @throws Error for a channel that nobody else can consume, with what to do
 */
export function consumerFiles(n: Names, system: System, channel: Channel, layout: Layout): ConsumerFiles {
  if (channel.kind === 'queue')
    throw new Error(
      `'${channel.name}' is a queue: what one consumer has done is gone for all others. Add a topic before it, or consume ${channel.from === undefined ? 'a log' : `topic '${channel.from.name}'`} with --to.`,
    );
  const at = `${layout.systems}/${system.name}`;
  const [contractFile, stackFile] = [`${at}/contract.ts`, `${at}/stack.ts`];
  const read = (path: string): string =>
    existsSync(join(layout.folder, path)) ? readFileSync(join(layout.folder, path), 'utf8') : '';
  const [contract, stack] = [read(contractFile), read(stackFile)];
  const exported = exportedAs(contract, channel.name);
  const events = channel.events.flatMap(({ type }) => exportedAs(contract, type) ?? []);
  if (exported === undefined || events.length < channel.events.length)
    throw new Error(
      `${contractFile} does not declare '${channel.name}' and its events as exports, so that nothing can be added to it: write the consumer as docs/systems/README.md shows`,
    );
  const work = channel.kind === 'topic' ? namesOf(`${n.name}-work`.slice(0, MAX_QUEUE), 'queue') : undefined;
  const lambda = `${layout.lambdas}/${system.name}/${n.name}.ts`;
  const stackEdit = intoStack(stack, n, exported, channel, system, layout, stackFile);
  return {
    files: [
      { path: contractFile, text: withImports(contract, layout, contractFile, declared(n, exported, channel, work)) },
      { path: lambda, text: handlerText(n, events, layout, lambda, `../../${contractFile}`) },
      ...(stackEdit.text === undefined ? [] : [{ path: stackFile, text: stackEdit.text }]),
    ],
    byHand: stackEdit.byHand,
  };
}

const MAX_QUEUE = 40;

/** The export that declares something of a name: `export const orderTopic = fifoTopic('order-topic', ...`. */
const exportedAs = (contract: string, name: string): string | undefined =>
  new RegExp(`export const (\\w+) = \\w+\\(\\s*'${name.replaceAll('.', '\\.')}'`).exec(contract)?.[1];

interface Declared {
  readonly text: string;
  readonly library: readonly string[];
}

function declared(n: Names, channel: string, { kind, order }: Channel, work: Names | undefined): Declared {
  const make = kind === 'topic' && order === 'per-key' ? 'fifoQueue' : 'queue';
  const queue =
    work === undefined
      ? ''
      : `export const ${work.value} = ${make}('${work.name}', {
  events: ${channel}.events,
  from: ${channel},
  traffic: ${channel}.traffic,
});

`;
  const to = work?.value ?? channel;
  return {
    text: `
${queue}/** Say here what it does, and why its promise is enough. */
export const ${n.value} = subscription('${n.name}', {
  to: ${to},
  guarantee: 'effectively-once',
  inbox: 'effect',
  retry: exponential({ attempts: 3, base: seconds(1), cap: minutes(1) }),
  timeout: seconds(30),${work === undefined ? '' : '\n  concurrency: 10,'}
});
`,
    library: [...(work === undefined ? [] : [make]), 'subscription', 'exponential', 'seconds', 'minutes'],
  };
}

/** Adds the text, and the imports that the file does not have yet. */
function withImports(source: string, layout: Layout, file: string, { text, library }: Declared): string {
  const missing = library.filter((name) => !new RegExp(`import [^;]*\\b${name}\\b[^;]* from`).test(source));
  if (missing.length === 0) return `${source.trimEnd()}\n${text}`;
  const modules = Map.groupBy(missing, (name) => /from '([^']+)'/.exec(layout.imports(file, [name]))?.[1] ?? '');
  let whole = source;
  for (const [module, names] of modules) {
    const there = new RegExp(`import \\{([^}]*)\\} from '${module.replaceAll('.', '\\.')}';`).exec(whole);
    if (there === null) {
      const last = whole.lastIndexOf('\nimport ');
      const end = last < 0 ? 0 : whole.indexOf('\n', whole.indexOf(';', last)) + 1;
      whole = `${whole.slice(0, end)}${layout.imports(file, names)}\n${whole.slice(end)}`;
    } else {
      const all = [...(there[1] ?? '').split(','), ...names].map((name) => name.trim()).filter((name) => name !== '');
      whole = whole.replace(there[0], importLine(module, all));
    }
  }
  return `${whole.trimEnd()}\n${text}`;
}

const handlerText = (n: Names, events: readonly string[], layout: Layout, file: string, contract: string): string =>
  `${layout.imports(file, ['consume', 'type HandlerContext'], { [contract]: [n.value, ...events] })}

export const handler = consume(${n.value}, {
${events.map((event) => `  [${event}.type]: (_data, context) => handle(context),\n`).join('')}});

/** Returned writes commit in one transaction with the inbox record: whatever comes twice is done once. */
async function handle({ log }: HandlerContext): Promise<readonly []> {
  log('info', 'handled');
  return [];
}
`;

const LIST = /const consumers = \[([^\]]*)\];/;

/** Puts the construct before the list of consumers, which the dashboard shows, and into it. */
function intoStack(
  stack: string,
  n: Names,
  channel: string,
  { kind }: Channel,
  system: System,
  layout: Layout,
  stackFile: string,
): { readonly text?: string; readonly byHand: readonly string[] } {
  const construct = kind === 'topic' ? 'QueueConsumer' : 'LogConsumer';
  const source = new RegExp(`const (\\w+) = new Event(?:Topic|Log)\\(this, ${channel}\\b`).exec(stack)?.[1];
  const code = `codeOf('${system.name}/${n.name}')`;
  const wanted = kind === 'topic' ? 'topic' : 'log';
  const made = (variable: string) =>
    [
      `const ${n.value}Consumer = new ${construct}(this, ${n.value}, {`,
      '      ...common,',
      `      ${variable === wanted ? wanted : `${wanted}: ${variable}`},`,
      `      code: ${code},`,
      '    });',
    ].join('\n');
  const list = LIST.exec(stack);
  if (list === null || source === undefined || !stack.includes('const common = {'))
    return {
      byHand: [
        `In ${stackFile}, beside its other consumers, and their list for the dashboard:\n  ${made(source ?? 'theDeployedChannel')}`,
      ],
    };
  const listed = `${list[1]?.trim()}, ${n.value}Consumer`;
  const withConsumer = stack.replace(LIST, `${made(source)}\n    const consumers = [${listed}];`);
  const named = withConsumer.replace(/import \{([^}]*)\} from '\.\/contract\.ts';/, (_, names: string) => {
    const all = [...names.split(','), n.value].map((name) => name.trim()).filter((name) => name !== '');
    return importLine('./contract.ts', all);
  });
  const text =
    named.includes(`{ ${construct} }`) || new RegExp(`\\b${construct}\\b[^;]* from`).test(named)
      ? named
      : named.replace(/\nimport /, `\n${layout.imports(stackFile, [construct])}\nimport `);
  return { text, byHand: [] };
}
