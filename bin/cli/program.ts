import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { DemoOptions } from '../commands/demo.ts';
import type { LintOptions } from '../commands/lint.ts';
import type { LocalOptions } from '../commands/local.ts';
import type { PlanOptions } from '../commands/plan.ts';
import type { QuotasOptions } from '../commands/quotas.ts';
import type { AsyncApiOptions, CheckOptions, WriteOptions } from '../commands/schema.ts';
import { account, accountNamed } from '../options/account-option.ts';
import { assemblyInstead, context } from '../options/assembly-options.ts';
import { json } from '../options/common-options.ts';
import { FAULTS_HELP, faultRates, faultSeed } from '../options/fault-options.ts';
import { positive, wholeNumber } from '../options/option-values.ts';
import { addCostCommands } from './cost-program.ts';
import { addParkedCommands } from './parked-program.ts';
import { addSystemCommands } from './systems-program.ts';

/** Each command loads only what it needs, when it is called. */
const commands = {
  demo: () => import('../commands/demo.ts'),
  lint: () => import('../commands/lint.ts'),
  local: () => import('../commands/local.ts'),
  plan: () => import('../commands/plan.ts'),
  quotas: () => import('../commands/quotas.ts'),
  schema: () => import('../commands/schema.ts'),
};

/** Exit codes: 0 done, 1 failed or does not reconcile, 2 called wrongly, 130 interrupted. */
const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

const MAX_PORT = 65_535;

const port = () =>
  new Option('--port <n>', 'port of the endpoint on 127.0.0.1; 0 takes a free one')
    .argParser(wholeNumber('the port', 0, MAX_PORT))
    .default(4566);
const program = new Command('sluice')
  .description('Messaging on AWS that also runs here: queues, logs, fan-out, outboxes, idempotent consumers.')
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })
  .showHelpAfterError('(add --help for the options and examples)');

program
  .command('demo')
  .description('run a system here: send its samples, make trouble, reconcile, report')
  .argument('[system]', 'name of the system: npx sluice systems lists them', undefined)
  .addOption(
    new Option('--system <name>', 'the same, for npm start -- --system NAME').default(
      undefined,
      'the first system of this folder',
    ),
  )
  .option('--once', 'end after the report instead of staying up with steady traffic', false)
  .addOption(
    new Option('--minutes <n>', 'send samples steadily for so long, instead of the samples as one burst').argParser(
      positive('the time'),
    ),
  )
  .addOption(
    new Option('--rate <n>', 'samples per second of steady traffic').argParser(positive('the rate')).default(2),
  )
  .addOption(account())
  .addOption(faultRates())
  .addOption(faultSeed())
  .addOption(port())
  .addOption(json())
  .addHelpText(
    'after',
    `${FAULTS_HELP}\n\nExamples:\n  $ npx sluice demo --once\n  $ npx sluice demo parcels --once --json\n  $ npx sluice demo --once --minutes 5 --faults 0.01 --seed 7\n  $ npx sluice demo --once --faults throttle=0.05,kill=0.001`,
  )
  .action((system: string | undefined, options: DemoOptions) =>
    run(async () => (await commands.demo()).demo({ ...options, ...systemIn(system, options) })),
  );

program
  .command('local')
  .description('run any CDK assembly here, without an account')
  .option('--assembly <dir>', 'a synthesised assembly, such as cdk.out')
  .option(
    '--watch',
    'synthesise the app of cdk.json, and again whenever its files change: what differs is deployed',
    false,
  )
  .addOption(port())
  .option('--no-iam', 'let everybody do everything; else roles and policies decide, as on AWS')
  .option('--data <dir>', 'keep everything in this directory, over restarts and kills', undefined)
  .addOption(
    new Option('--time-scale <n>', 'schedules, alarm periods and retention pass so many times as fast')
      .argParser(positive('the time scale'))
      .default(1),
  )
  .addOption(account())
  .addOption(faultRates())
  .addOption(faultSeed())
  .addHelpText(
    'after',
    `${FAULTS_HELP}\n\nExamples:\n  $ npx cdk synth -q && npx sluice local --assembly cdk.out\n  $ npx sluice local --assembly cdk.out --data .sluice/data   # goes on where it was\n  $ npx sluice local --watch --data .sluice/data                # follows what you write\n  $ npx sluice local --assembly cdk.out --account new               # as unkind as AWS on the first day\n  $ npx sluice local --assembly cdk.out --faults throttle=0.05,latency=0.1 --seed 7`,
  )
  .action((options: LocalOptions) => run(async () => (await commands.local()).local(options)));

program
  .command('lint')
  .description(
    'find mistakes in the messaging of the app of cdk.json, or of any assembly; exit code 1 when there are errors',
  )
  .addOption(assemblyInstead('this assembly, or these templates,'))
  .option('--all', 'show acknowledged findings too, with their reasons', false)
  .addOption(context())
  .addOption(json())
  .addHelpText(
    'after',
    '\nExamples:\n  $ npx sluice lint\n  $ npx sluice lint --all -c stage=prod\n  $ npx sluice lint --json | jq .findings\n  $ npx sluice lint --assembly cdk.out   # any app, with or without the pack, and templates written by hand',
  )
  .action((options: LintOptions) => run(async () => (await commands.lint()).lint(options)));

program
  .command('plan')
  .description(
    'say what a deployment of this app would break, lose, skip or do again, compared with what is deployed; exit code 1 when there is anything',
  )
  .addOption(assemblyInstead())
  .addOption(
    new Option('--against <path>', 'a saved assembly or template, instead of what is deployed').default(
      undefined,
      'what CloudFormation has, wherever the SDK environment points',
    ),
  )
  .addOption(
    new Option('--accept <check>', 'a check whose findings are meant, or check:path of one; may be given several times')
      .argParser((value: string, before: readonly string[]) => [...before, value])
      .default([], 'none'),
  )
  .addOption(context())
  .addOption(json())
  .addHelpText(
    'after',
    '\nExamples:\n  $ npx sluice plan -c stage=prod\n  $ npx cdk synth -q -o before && git switch feature && npx sluice plan --against before\n  $ npx sluice plan --accept data-goes:parcels/labels --json | jq .findings',
  )
  .action((options: PlanOptions) => run(async () => (await commands.plan()).plan(options)));

program
  .command('quotas')
  .description('say what this app asks of an account at most, what accounts grant, and how to ask for more')
  .addOption(assemblyInstead())
  .addOption(
    new Option('--callers <n>', 'executions at once of each function that has a URL')
      .argParser(wholeNumber('the number of callers', 0))
      .default(10),
  )
  .addOption(
    new Option('--account <which>', 'exit with 1 when this account grants less: new, default, or a JSON file')
      .argParser(accountNamed)
      .default(undefined, 'none is compared'),
  )
  .addOption(context())
  .addOption(json())
  .addHelpText(
    'after',
    '\nExamples:\n  $ npx sluice quotas\n  $ npx sluice quotas -c stage=prod --account default\n  $ npx sluice quotas --assembly cdk.out --callers 50 --json | jq .quotas',
  )
  .action((options: QuotasOptions) => run(async () => (await commands.quotas()).quotas(options)));

addSystemCommands(program, run);
addParkedCommands(program, run);

const schema = program
  .command('schema')
  .description('compare, commit and publish what events look like: the code against the snapshots in schemas/');

schema
  .command('check')
  .description('find changes that break readers; exit code 1 when there are any')
  .addOption(
    new Option('--mode <mode>', 'backward: new code reads old data; forward: old code reads new data; full: both')
      .choices(['backward', 'forward', 'full'])
      .default('backward'),
  )
  .addOption(json())
  .addHelpText('after', '\nExamples:\n  $ npx sluice schema check\n  $ npx sluice schema check --mode full --json')
  .action((options: CheckOptions) => run(async () => (await commands.schema()).schemaCheck(options)));

schema
  .command('write')
  .description('write the snapshots of new versions; committed versions are left alone')
  .option('--force', 'overwrite committed versions too (with --yes)', false)
  .option('--yes', 'agree to what --force would destroy', false)
  .addOption(json())
  .addHelpText('after', '\nExamples:\n  $ npx sluice schema write && git add schemas')
  .action((options: WriteOptions) => run(async () => (await commands.schema()).schemaWrite(options)));

schema
  .command('asyncapi')
  .description('the contracts as an AsyncAPI 3 document, for other teams and tools')
  .option('--output <file>', 'write the file instead of printing')
  .addHelpText('after', '\nExamples:\n  $ npx sluice schema asyncapi --output docs/asyncapi.json')
  .action((options: AsyncApiOptions) => run(async () => (await commands.schema()).schemaAsyncApi(options)));

addCostCommands(program, run);

/** @throws InvalidArgumentError when it was named in both ways, and not the same */
function systemIn(argument: string | undefined, { system = argument }: DemoOptions): Pick<DemoOptions, 'system'> {
  if (argument !== undefined && argument !== system)
    throw new InvalidArgumentError(`the demo runs one system: '${argument}' or --system ${system}`);
  return system === undefined ? {} : { system };
}

/** Runs a command; what it returns is the exit code. Errors are said in one line; SLUICE_DEBUG=1 shows where they come from. */
async function run(command: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await command();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    process.stderr.write(
      `sluice: ${process.env.SLUICE_DEBUG === '1' && error instanceof Error ? error.stack : text}\n`,
    );
    process.exitCode = error instanceof InvalidArgumentError ? EXIT.usage : EXIT.failed;
  }
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
}
