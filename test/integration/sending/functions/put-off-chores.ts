import { later } from '../../../../lib/runtime/publishing/later.ts';
import { chores, Due } from '../contract.ts';

const chore = later(chores);

interface Request {
  readonly what: string;
  /** Minutes from the next full one, in the order they are asked for. */
  readonly minutes: readonly number[];
}

/** Puts chores off, as a function: with the permissions of one. */
export async function handler({ what, minutes }: Request): Promise<unknown> {
  const from = Math.ceil(Date.now() / 60_000) * 60_000;
  const results: string[] = [];
  for (const minute of minutes) {
    const at = new Date(from + minute * 60_000);
    results.push(await chore.schedule({ key: `${what}/${minute}`, event: Due, data: { what, fail: false }, at }));
  }
  return results;
}
