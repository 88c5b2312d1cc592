import { Option } from 'commander';

/** Options that many commands take, in the same words. */

export const json = () => new Option('--json', 'print the result as one JSON object on the last line').default(false);

export const stage = () => new Option('--stage <name>', 'stage of the deployed app').default('dev');
