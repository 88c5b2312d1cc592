import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

/** Twenty seconds on an idle machine. */
const TIMEOUT_MS = 240_000;
const ROOT = join(import.meta.dirname, '../..');

it(
  'the whole demo reconciles: 512 orders, duplicates suppressed, malformed messages dead-lettered with their reasons',
  async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(ROOT, 'bin/sluice.ts'), 'demo', '--once', '--json', '--port', '0'],
      // Ended before the test is given up, so that nothing goes on running.
      { cwd: ROOT, timeout: TIMEOUT_MS - 10_000 },
    );
    const report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    expect(report).toMatchObject({
      orders: 512,
      placed: 439,
      cancelled: 43,
      refused: { 'quantity-not-positive': 30 },
      invoiced: 482,
      emailed: 444,
      counted: 482,
      lost: 0,
      duplicatedEffects: 0,
      outOfOrder: 0,
      problems: [],
      ...{ system: 'orders', unread: {}, unchecked: [] },
    });
    // 52 orders sent twice, of which 4 are refused twice; 49 events published twice, to five consumers. A relay may add its own.
    const consumers = ['charge-card', 'reserve-stock', 'make-invoice', 'send-email', 'sales-totals'];
    expect(report).toMatchObject({ sentTwice: 48, refusedTwice: 4, trouble: { eventsPublishedTwice: 49 } });
    expect(report.duplicates['place-order']).toBe(48);
    for (const consumer of consumers) expect(report.duplicates[consumer], consumer).toBeGreaterThanOrEqual(49);
    const malformed = { 'broken-json': 1, 'invalid-data': 1, 'not-an-event': 1, 'unknown-type': 1, 'wrong-version': 1 };
    for (const consumer of consumers) {
      expect(report.deadLetters[consumer]).toMatchObject(malformed);
    }
  },
  TIMEOUT_MS,
);
