import type { Mapping } from '../../graph/graph-mappings.ts';
import { type Offence, offence } from '../../graph/rule.ts';

/** Mappings whose function cannot say what of a batch it failed. @param fix how it says so to this kind of source */
export const failAsWhole = (mappings: readonly Mapping[], fix: string): readonly Offence[] =>
  mappings
    .filter(({ reportsFailures, batchSize }) => !reportsFailures && batchSize !== 1)
    .map((mapping) =>
      offence(mapping, 'FunctionResponseTypes', `none, with a batch size of ${mapping.batchSize ?? '?'}`, fix),
    );
