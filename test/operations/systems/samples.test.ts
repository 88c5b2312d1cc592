import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { endlessly, readSamples, someTwice } from '../../../lib/operations/systems/samples.ts';
import { temporaryDirectory } from '../../local/engine/support.ts';

interface Request {
  readonly id: string;
}
const renewed = ({ id }: Request, suffix: string) => ({ id: `${id}-${suffix}` });

describe('samples', () => {
  const fileOf = (text: string): string => {
    const file = join(temporaryDirectory(), 'samples.ndjson');
    writeFileSync(file, text);
    return file;
  };

  it('are one JSON object a line; empty lines are none', () => {
    expect(readSamples({ file: fileOf('{"id":"A"}\n\n  \n{"id":"B"}\n') })).toEqual([{ id: 'A' }, { id: 'B' }]);
  });

  it('are joined as a whole, where they belong together', () => {
    const joined = (requests: readonly Request[]) => requests.map(({ id }) => ({ id: `${id} of ${requests.length}` }));
    expect(readSamples({ file: fileOf('{"id":"A"}\n{"id":"B"}'), joined })).toEqual([
      { id: 'A of 2' },
      { id: 'B of 2' },
    ]);
  });

  it('begin again as others, in rounds of a run or of none; of nothing comes nothing', () => {
    const ids = (run?: string) => {
      const all = endlessly({ renewed }, [{ id: 'A' }, { id: 'B' }], run);
      return Array.from({ length: 3 }, () => all.next().value?.id);
    };
    expect(ids()).toEqual(['A-1', 'B-1', 'A-2']);
    expect(ids('')).toEqual(['A-1', 'B-1', 'A-2']);
    expect(ids('x')).toEqual(['A-x-1', 'B-x-1', 'A-x-2']);
    expect(endlessly({ renewed }, []).next().done).toBe(true);
  });

  it('are some twice: every n-th, beginning with the first', () => {
    expect([...someTwice([1, 2, 3, 4, 5], 2)]).toEqual([1, 1, 2, 3, 3, 4, 5, 5]);
    expect([...someTwice([], 2)]).toEqual([]);
  });
});
