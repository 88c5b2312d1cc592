import type { TurnClock } from '../../../lambdas/notifications/sending/turns.ts';
import { AwsError } from '../../../lib/runtime/aws/calls/call.ts';
import type { Dynamodb } from '../../../lib/runtime/aws/dynamodb.ts';

/** Time that passes when everybody waits, and a table of timelines whose every request takes some of it. */
export function virtualWorld(seed: number) {
  let time = 1_000_000;
  let state = seed;
  const sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  const items = new Map<string, number>();
  let writes = 0;
  const random = () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
  const sleepUntil = (at: number) => new Promise<void>((wake) => void sleepers.push({ at, wake }));

  const dynamodb = (async (
    _operation: string,
    { Key, UpdateExpression, ExpressionAttributeValues: values }: UpdateInput,
  ) => {
    await sleepUntil(time + 1 + random() * 10);
    writes += 1;
    const before = items.get(Key.timeline);
    if (UpdateExpression === 'SET #next = #next + :span') {
      if (before === undefined || before < (values[':nearest'] ?? 0) || before > (values[':farthest'] ?? 0))
        throw refused(before);
      items.set(Key.timeline, before + (values[':span'] ?? 0));
    } else {
      if (before !== values[':before']) throw refused(before);
      items.set(Key.timeline, values[':next'] ?? 0);
    }
    return { Attributes: { next: items.get(Key.timeline) } };
  }) as unknown as Dynamodb;

  return {
    dynamodb,
    now: () => time,
    random,
    writes: () => writes,
    /** A clock of an instance that stands still for so long, again and again: what was due meanwhile is done all at once, ms. */
    clock: (standsFor: number): TurnClock => ({
      now: () => time,
      random,
      wait: (millis) => {
        const due = time + millis;
        return sleepUntil(standsFor === 0 ? due : Math.ceil(due / standsFor) * standsFor);
      },
    }),
    /** Lets time pass until nobody waits. */
    async run(until: number): Promise<void> {
      for (;;) {
        for (let i = 0; i < 20; i++) await Promise.resolve();
        sleepers.sort((a, b) => a.at - b.at);
        const next = sleepers[0];
        if (next === undefined || next.at > until) return;
        sleepers.shift();
        time = Math.max(time, next.at);
        next.wake();
      }
    },
  };
}

interface UpdateInput {
  readonly Key: { readonly timeline: string };
  readonly UpdateExpression: string;
  readonly ExpressionAttributeValues: Readonly<Record<string, number>>;
}

const refused = (next: number | undefined): AwsError =>
  new AwsError('ConditionalCheckFailedException', 'The conditional request failed', 400, {
    ...(next === undefined ? {} : { Item: { timeline: { S: 't' }, next: { N: String(next) } } }),
  });
