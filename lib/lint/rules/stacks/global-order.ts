import type { Channel } from '../../../contracts/channels/channel.ts';

/** Whether everything that travels here is in one line: its group, or the key that it is grouped by, is the same for every event. */
export function ordersEverything(channel: Channel): boolean {
  if (channel.order !== 'per-key') return false;
  const sameKey = channel.events.every(({ key }) => reads(key).constant);
  if (channel.kind === 'log') return sameKey;
  const { constant, names } = reads(channel.groupBy);
  return constant || (sameKey && names.every((name) => name === 'partitionkey'));
}

/**
 * Watches what a function reads of its argument. One that reads nothing and says the same twice cannot tell two events apart.
 */
function reads(choose: (event: never) => unknown): { readonly constant: boolean; readonly names: readonly string[] } {
  const names: string[] = [];
  const probe = new Proxy(
    {},
    {
      get(_, name) {
        names.push(String(name));
        return undefined;
      },
    },
  );
  const ask = (): unknown => {
    try {
      return choose(probe as never);
    } catch {
      // It went on with what it read: the probe has nothing to give.
      return undefined;
    }
  };
  const answers = [ask(), ask()];
  return { constant: names.length === 0 && typeof answers[0] === 'string' && answers[0] === answers[1], names };
}
