import { expect, it } from 'vitest';
import type { Snapshot } from '../../../lib/systems/orders/tools/snapshot.ts';
import { reconciled, settled } from './settled-world.ts';

/**
 * Everything that the orders leave behind, changed in one place after another: each is told, with the words in `kept/one-change.txt`. What says nothing
 * about whether the orders reconcile is named here.
 */
const SAYS_NOTHING = [
  // What has a key of its own cannot be there twice.
  /^(orders|stock|invoices|totals|provider)\.\d+: twice$/,
  // Copies in the log are read once; what cannot be read is malformed, and looked for among the dead letters.
  /^log\.[14]: gone$/,
  /^log\.[14]\.body: other$/,
  /^log\.\d+: twice$/,
  /^log\.\d+\.(shard|sequenceNumber): /,
  // Whose payment it is, its idempotency key says; order is told by times within an order.
  /^payments\.\d+\.(orderId|kind|sequence|settledAt): /,
  /^provider\.\d+\.(orderId|kind|calls): /,
  // Nothing moved: any word but 'approved' says so.
  /^payments\.2\.status: other$/,
  /^provider\.2(\.idempotencyKey: other|: gone)$/,
  // The number behind the sequence, and what happened to goods that nobody took.
  /^reservations\.\d+\.(kind|part): other$/,
  /^reservations\.2\.lines\.0\.(sku|status): other$/,
  /^unpublished: less$/,
];

type Path = readonly (string | number)[];
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** The world with one place in it changed; undefined takes it away. */
function changed(value: unknown, [step, ...path]: Path, change: (before: unknown) => readonly unknown[]): unknown {
  if (step === undefined || !isObject(value)) return value;
  const before = value[step];
  const after = path.length === 0 ? change(before) : [changed(before, path, change)];
  if (Array.isArray(value)) return value.flatMap((one, i) => (i === step ? after : [one]));
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, one]) => (name === step ? after.map((made) => [name, made]) : [[name, one]])),
  );
}

const CHANGES: readonly (readonly [
  name: string,
  fits: (value: unknown, inList: boolean) => boolean,
  change: (before: unknown) => readonly unknown[],
])[] = [
  ['gone', (_, inList) => inList, () => []],
  ['twice', (_, inList) => inList, (one) => [one, one]],
  ['more', (value) => typeof value === 'number', (one) => [Number(one) + 1]],
  ['less', (value) => typeof value === 'number', (one) => [Number(one) - 1]],
  ['other', (value) => typeof value === 'string', (one) => [`${one}0`]],
];

function* places(value: unknown, path: Path = []): Generator<Path> {
  if (!isObject(value) || Buffer.isBuffer(value)) return;
  for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
    const [inner, at] = [(value as Record<string | number, unknown>)[key], [...path, key]];
    yield at;
    yield* places(inner, at);
  }
}

it('every change is told, by itself', async () => {
  const told: string[] = [];
  const silent: string[] = [];
  for (const path of places(settled)) {
    const value = path.reduce<unknown>((inner, step) => (inner as Record<string | number, unknown>)[step], settled);
    for (const [name, fits, change] of CHANGES) {
      if (!fits(value, typeof path.at(-1) === 'number')) continue;
      const { problems, lost, duplicatedEffects, outOfOrder } = reconciled(
        () => changed(settled, path, change) as Snapshot,
      );
      const text = `${path.join('.')}: ${name}`;
      if (problems.length === 0) silent.push(text);
      told.push(
        `${text} (${lost}, ${duplicatedEffects}, ${outOfOrder})\n${problems.map((one) => `  ${one}`).join('\n')}`,
      );
    }
  }
  expect(told.length).toBeGreaterThan(100);
  expect(silent.filter((text) => !SAYS_NOTHING.some((pattern) => pattern.test(text)))).toEqual([]);
  await expect(`${told.join('\n')}\n`).toMatchFileSnapshot('kept/one-change.txt');
});
