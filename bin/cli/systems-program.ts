import { type Command, Option } from 'commander';
import type { ProduceOptions } from '../commands/produce.ts';
import type { SystemsOptions } from '../commands/systems.ts';
import type { NewConsumerOptions, NewOptions } from '../new/new.ts';
import { json, stage } from '../options/common-options.ts';
import { positive, wholeNumber } from '../options/option-values.ts';

const commands = {
  new: () => import('../new/new.ts'),
  produce: () => import('../commands/produce.ts'),
  systems: () => import('../commands/systems.ts'),
};

/** Adds `produce`, `systems` and `new`. @param run runs a command and sees to its exit code */
export function addSystemCommands(program: Command, run: (command: () => Promise<number>) => Promise<void>): void {
  program
    .command('produce')
    .description('send sample traffic of a system to the engine or to AWS, wherever the SDK environment points')
    .argument('<system>', 'name of the system: npx sluice systems lists them')
    .addOption(
      new Option('--producer <name>', 'which of its sample producers').default(undefined, 'the first of the system'),
    )
    .addOption(
      new Option('--file <path>', 'requests, one JSON object a line; - reads standard input').default(
        undefined,
        'the samples of the system',
      ),
    )
    .addOption(
      new Option('--rate <n>', 'requests per second')
        .argParser(positive('the rate'))
        .default(undefined, 'as fast as they are taken'),
    )
    .addOption(
      new Option('--count <n>', 'stop after so many').argParser(wholeNumber('the count', 1)).default(undefined, 'all'),
    )
    .addOption(
      new Option(
        '--ids <which>',
        'new: under identities of their own; same: as they stand, so that the second time all were sent before',
      )
        .choices(['new', 'same'])
        .default(undefined, 'new for the samples, same for a file'),
    )
    .addOption(
      new Option('--prepare', 'put there what the samples need, and send nothing')
        .conflicts(['rate', 'ids'])
        .default(false),
    )
    .addOption(stage())
    .addOption(json())
    .addHelpText(
      'after',
      '\nExamples:\n  $ npx sluice produce parcels --count 100 --rate 10\n  $ npx sluice produce parcels --ids same   # a second time nothing happens\n  $ head -5 parcels.ndjson | npx sluice produce parcels --file -\n  $ npx sluice produce parcels --prepare --stage dev-alice   # what the samples need, before the first of them',
    )
    .action((system: string, options: ProduceOptions) =>
      run(async () => (await commands.produce()).produce(system, options)),
    );

  program
    .command('systems')
    .description('list the systems of this folder: what they are for, their stacks and consumers')
    .addOption(stage())
    .addOption(json())
    .addHelpText(
      'after',
      '\nExamples:\n  $ npx sluice systems\n  $ npx sluice systems --stage prod --json | jq .systems',
    )
    .action((options: SystemsOptions) => run(async () => (await commands.systems()).listSystems(options)));

  const fresh = program
    .command('new')
    .description('write what a new system, or a new consumer, begins with; says what it touched');
  const dryRun = () => new Option('--dry-run', 'say what would be written, and write nothing').default(false);

  fresh
    .command('system')
    .description('a system of its own: contract, stack, functions, samples, reconciliation, page')
    .argument('<name>', 'lower-case words with hyphens')
    .addOption(dryRun())
    .addOption(json())
    .addHelpText(
      'after',
      '\nExamples:\n  $ npx sluice new system gift-cards\n  $ npx sluice new system gift-cards --dry-run',
    )
    .action((name: string, options: NewOptions) => run(async () => (await commands.new()).newSystem(name, options)));

  fresh
    .command('consumer')
    .description('a consumer of a topic or a log: subscription, queue, function, and its place in the stack')
    .argument('<name>', 'lower-case words with hyphens: what it does, such as count-orders')
    .requiredOption('--to <channel>', 'the channel that it consumes')
    .addOption(dryRun())
    .addOption(json())
    .addHelpText(
      'after',
      '\nExamples:\n  $ npx sluice new consumer announce --to parcel-topic\n  $ npx sluice new consumer count-visits --to visit-log --dry-run',
    )
    .action((name: string, options: NewConsumerOptions) =>
      run(async () => (await commands.new()).newConsumer(name, options)),
    );
}
