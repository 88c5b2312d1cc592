import { type Command, InvalidArgumentError, Option } from 'commander';
import { REGIONS } from '../../lib/operations/cost/price-list.ts';
import type { CapacityOptions } from '../commands/capacity.ts';
import type { CostCommandOptions } from '../commands/cost.ts';
import { json } from '../options/common-options.ts';
import { positive, size, time, wholeNumber } from '../options/option-values.ts';

/** Each command loads only what it needs, when it is called. */
const commands = {
  cost: () => import('../commands/cost.ts'),
  capacity: () => import('../commands/capacity.ts'),
};

const region = () => new Option('--region <name>', 'whose prices').choices(REGIONS).default('us-east-1');
const duration = () =>
  new Option('--duration <ms>', 'billed milliseconds of one invocation')
    .argParser(positive('the duration'))
    .default(100);

/** Of what is declared all stages cost the same: a stage that is named for nothing would be believed. */
function stageOfAssembly({ assembly, stage }: CostCommandOptions, command: Command): void {
  if (assembly !== undefined || command.getOptionValueSource('stage') !== 'cli') return;
  throw new InvalidArgumentError(
    `--stage ${stage} changes nothing without --assembly: it says which stack of an assembly is read. Synthesise the stage and name the assembly: npx cdk synth -q -c stage=${stage} && npx sluice cost --assembly cdk.out --stage ${stage}`,
  );
}

/** Adds `cost` and `capacity`. @param run runs a command and makes its answer the exit code */
export function addCostCommands(program: Command, run: (command: () => Promise<number>) => Promise<void>): void {
  program
    .command('cost')
    .description('what a month of each system costs, as it is declared, at its traffic')
    .addOption(
      new Option('--rate <n>', 'messages per second of the busiest channel, the others in proportion')
        .argParser(positive('the rate'))
        .default(undefined, 'what the contracts declare'),
    )
    .addOption(new Option('--idle', 'what it costs while nothing happens').conflicts('rate').default(false))
    .addOption(region())
    .addOption(duration())
    .addOption(
      new Option('--effect-items <n>', 'items that a handler writes with a message')
        .argParser(wholeNumber('the number of items', 0, 99))
        .default(1),
    )
    .option(
      '--assembly <dir>',
      'a synthesised assembly, such as cdk.out: counts its alarms, dashboards and keys too, and its logs as the stage has them',
    )
    .addOption(new Option('--stage <name>', 'stage of the assembly (with --assembly)').default('dev'))
    .option('--lines', 'show every line of the sum', false)
    .option('--prices', 'show the price list instead, with its sources', false)
    .addOption(json())
    .addHelpText(
      'after',
      '\nExamples:\n  $ npx sluice cost\n  $ npx sluice cost --rate 200 --region eu-west-1 --lines\n  $ npx sluice cost --idle\n  $ npx sluice cost --json\n  $ npx sluice cost --prices',
    )
    .action((options: CostCommandOptions, command: Command) =>
      run(async () => {
        stageOfAssembly(options, command);
        return (await commands.cost()).cost(options);
      }),
    );

  program
    .command('capacity')
    .description(
      'shards, consumers, storage and alarms of a log for so much traffic, and what it costs on each service',
    )
    .addOption(
      new Option('--producers <n>', 'how many send').argParser(wholeNumber('the number of producers', 1)).default(1),
    )
    .addOption(
      new Option('--rate <n>', 'messages per second of one producer, usually')
        .argParser(positive('the rate'))
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--peak <n>', 'messages per second of one producer at the peak')
        .argParser(positive('the peak'))
        .default(undefined, 'the rate'),
    )
    .addOption(
      new Option('--bytes <size>', 'of a message: 1000, 1KB, 1KiB').argParser(size('the size')).default(1_000, '1KB'),
    )
    .addOption(
      new Option('--retention <time>', 'how long messages are kept: 12h, 7d')
        .argParser(time('the retention'))
        .default(604_800, '7d'),
    )
    .addOption(
      new Option('--copies <n>', 'how often they are stored')
        .argParser(wholeNumber('the number of copies', 1))
        .default(3),
    )
    .addOption(
      new Option('--per-consumer <n>', 'messages per second that one consumer handles')
        .argParser(positive('the rate of a consumer'))
        .default(1_000),
    )
    .addOption(
      new Option('--readers <n>', 'applications that read everything')
        .argParser(wholeNumber('the number of readers', 1))
        .default(1),
    )
    .addOption(
      new Option('--outage <time>', 'longest outage of a consumer that must lose nothing').argParser(
        time('the outage'),
      ),
    )
    .addOption(
      new Option('--shards <n>', 'shards that the log has now: prints the steps to those it needs').argParser(
        wholeNumber('the number of shards', 1),
      ),
    )
    .addOption(
      new Option('--batch <n>', 'messages of one invocation')
        .argParser(wholeNumber('the batch', 1, 10_000))
        .default(100),
    )
    .addOption(duration())
    .addOption(region())
    .addOption(json())
    .addHelpText(
      'after',
      '\nExamples:\n  $ npx sluice capacity --producers 10000 --rate 100 --bytes 1KB --retention 7d --copies 3 --per-consumer 50000\n  $ npx sluice capacity --rate 500 --peak 2000 --bytes 4KiB --readers 3 --outage 2d --json',
    )
    .action((options: CapacityOptions) => run(async () => (await commands.capacity()).capacity(options)));
}
