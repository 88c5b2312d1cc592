import { type Command, Option } from 'commander';
import type { EditOptions, SkipOptions } from '../commands/change-parked.ts';
import type { ListOptions, ResumeOptions, ShowOptions } from '../commands/parked.ts';
import { json, stage } from '../options/common-options.ts';
import { wholeNumber } from '../options/option-values.ts';

/** Each command loads only what it needs, when it is called. */
const commands = {
  changeParked: () => import('../commands/change-parked.ts'),
  parked: () => import('../commands/parked.ts'),
};

const DEFAULT_SHOWN = 50;

/** Adds `parked`. @param run runs a command and makes its answer the exit code */
export function addParkedCommands(program: Command, run: (command: () => Promise<number>) => Promise<void>): void {
  const parked = program
    .command('parked')
    .description('look at the keys that wait behind a failed message, mend them, and have them handled again');
  const stack = () =>
    new Option('--stack <name>', 'the stack of the subscription').default(undefined, 'that of the system declaring it');

  parked
    .command('list')
    .description('which keys are parked, since when and why')
    .argument('[subscription]', 'one subscription')
    .option('--all', 'every subscription', false)
    .addOption(stage())
    .addOption(stack())
    .addOption(json())
    .addHelpText('after', '\nExamples:\n  $ npx sluice parked list --all\n  $ npx sluice parked list announce --json')
    .action((subscription: string | undefined, options: ListOptions) =>
      run(async () => (await commands.parked()).parkedList(subscription, options)),
    );

  parked
    .command('show')
    .description('the messages that wait under a key, in order')
    .argument('<subscription>')
    .argument('<key>')
    .addOption(
      new Option('--limit <n>', 'how many, from the first')
        .argParser(wholeNumber('the limit', 1))
        .default(DEFAULT_SHOWN),
    )
    .option('--bodies', 'show the bodies too: they may hold personal data', false)
    .addOption(stage())
    .addOption(stack())
    .addOption(json())
    .addHelpText('after', '\nExamples:\n  $ npx sluice parked show announce parcel-17')
    .action((subscription: string, key: string, options: ShowOptions) =>
      run(async () => (await commands.parked()).parkedShow(subscription, key, options)),
    );

  parked
    .command('resume')
    .description(
      'have what is parked handled, in order; exit code 0 when every key flows again, 1 when one still fails',
    )
    .argument('<subscription>')
    .argument('[key]', 'one key')
    .option('--all', 'every parked key of the subscription', false)
    .option('--yes', 'do not ask', false)
    .addOption(stage())
    .addOption(stack())
    .addOption(json())
    .addHelpText(
      'after',
      '\nExamples:\n  $ npx sluice parked resume announce parcel-17\n  $ npx sluice parked resume announce --all --yes',
    )
    .action((subscription: string, key: string | undefined, options: ResumeOptions) =>
      run(async () => (await commands.parked()).parkedResume(subscription, key, options)),
    );

  const by = () => new Option('--by <name>', 'who does it, for the record').default(undefined, 'your user name');

  parked
    .command('skip')
    .description('take the first message of a key out, so that what waits behind it can be resumed')
    .argument('<subscription>')
    .argument('<key>')
    .option('--drop', 'do not send it to the dead letters: it is gone', false)
    .addOption(by())
    .option('--yes', 'do not ask', false)
    .addOption(stage())
    .addOption(stack())
    .addOption(json())
    .addHelpText(
      'after',
      '\nExamples:\n  $ npx sluice parked skip announce parcel-17\n  $ npx sluice parked skip announce parcel-17 --by jo --yes && npx sluice parked resume announce parcel-17 --yes',
    )
    .action((subscription: string, key: string, options: SkipOptions) =>
      run(async () => (await commands.changeParked()).parkedSkip(subscription, key, options)),
    );

  parked
    .command('edit')
    .description(
      'give the first message of a key another body, checked against the schema; the difference is shown, with what personal data is in it',
    )
    .argument('<subscription>')
    .argument('<key>')
    .addOption(new Option('--file <path>', 'the new body: the event as JSON; - reads standard input').conflicts('save'))
    .option('--save <path>', 'only write the body as it is to this file, to be edited')
    .addOption(by())
    .option('--yes', 'do not ask', false)
    .addOption(stage())
    .addOption(stack())
    .addOption(json())
    .addHelpText(
      'after',
      '\nExamples:\n  $ npx sluice parked edit announce parcel-17 --save event.json\n  $ npx sluice parked edit announce parcel-17 --file event.json',
    )
    .action((subscription: string, key: string, options: EditOptions) =>
      run(async () => (await commands.changeParked()).parkedEdit(subscription, key, options)),
    );
}
