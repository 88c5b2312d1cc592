import { later } from '../../../../lib/runtime/publishing/later.ts';
import { Due, reminders } from '../contract.ts';

const reminder = later(reminders);

interface Request {
  readonly key: string;
  readonly minutes: number;
  readonly cancel?: boolean;
}

/** Puts a reminder off, as a function: with the permissions of one. */
export async function handler({ key, minutes, cancel = false }: Request): Promise<unknown> {
  const at = new Date(Math.ceil(Date.now() / 60_000) * 60_000 + minutes * 60_000);
  if (cancel) return reminder.cancel({ key, at });
  return reminder.schedule({ key, event: Due, data: { what: key, fail: false }, at });
}
