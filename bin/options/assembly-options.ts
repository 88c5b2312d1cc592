import { Option } from 'commander';
import { contextValue } from './option-values.ts';

/** Options of commands that read an app (`with-assembly.ts`). */

export const assemblyInstead = (which = 'this assembly') =>
  new Option('--assembly <dir>', `${which} instead of the app of cdk.json`).conflicts('context');

export const context = () =>
  new Option('-c, --context <name=value>', 'context of the app; may be given several times')
    .argParser(contextValue)
    .default({}, 'that of cdk.json');
