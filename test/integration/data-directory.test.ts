import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { expect, onTestFinished, test } from 'vitest';
import { pointSdkAt } from '../../bin/apps/sdk-environment.ts';
import { synthesise } from '../../bin/apps/synth.ts';
import { output } from '../../lib/operations/deployed/deployment.ts';
import { lettersOf } from '../../lib/operations/systems/letters.ts';
import { readSamples } from '../../lib/operations/systems/samples.ts';
import { sendAll } from '../../lib/operations/systems/sending.ts';
import { stillToDo } from '../../lib/operations/systems/settled.ts';
import type { Sender } from '../../lib/operations/systems/system.ts';
import { openWorld } from '../../lib/operations/systems/world.ts';
import type { OrderRequest } from '../../lib/systems/orders/request.ts';
import { orders } from '../../lib/systems/orders/system.ts';
import type { Placed, Reply } from '../../lib/systems/orders/tools/producer.ts';
import { reconcile } from '../../lib/systems/orders/tools/reconcile.ts';
import { shelfFor } from '../../lib/systems/orders/tools/samples.ts';
import { takeSnapshot } from '../../lib/systems/orders/tools/snapshot.ts';
import { fillShelf } from '../../lib/systems/orders/tools/stock.ts';
import { orders as samples } from '../../lib/systems/orders/tools/tools.ts';

const CLI = join(import.meta.dirname, '../../bin/sluice.ts');
const ORDERS = 40;
/** The engine is killed when so many orders are placed, and again when so many mails are out: in the middle of everything. */
const KILL_AT = { placed: 12, mails: 4 };
/** The queues' own visibility timeouts are minutes: too long to wait for what was in flight. */
const VISIBILITY_SECONDS = '10';
const RETRY_MS = 100;
const PATIENCE_MS = 150_000;

/** `sluice local --data`, as a user starts it. */
async function startEngine(cwd: string, port: number): Promise<{ readonly url: string; readonly child: ChildProcess }> {
  const args = [CLI, 'local', '--assembly', 'cdk.out', '--data', 'data', '--port', String(port)];
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  child.stdout?.on('data', (chunk: Buffer) => resolve(/^ready (\S+)/.exec(String(chunk))?.[1] ?? ''));
  child.once('exit', (code) => reject(new Error(`the engine ended with ${code}: ${said}`)));
  return { url: await promise, child };
}

/** The shop of somebody who sends an order again until there is an answer. */
const persistent = (shop: Sender<OrderRequest, Reply>): Sender<OrderRequest, Reply> => ({
  ...shop,
  async send(request) {
    for (const deadline = Date.now() + PATIENCE_MS; ; ) {
      try {
        return await shop.send(request);
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await sleep(RETRY_MS);
      }
    }
  },
});

async function mailsIn(mailbox: string): Promise<number> {
  const { messages } = (await (await fetch(mailbox)).json()) as { readonly messages: readonly unknown[] };
  return messages.length;
}

test(
  'killed with SIGKILL in the middle of a run, twice, and started again: nothing lost, no effect twice, all in order',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-killed-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    await synthesise(join(folder, 'cdk.out'), 'test');
    let engine = await startEngine(folder, 0);
    const port = Number(new URL(engine.url).port);
    pointSdkAt(engine.url, 'us-east-1');
    const world = await openWorld('sluice-test-orders');
    const { clients, outputs } = world;
    const shop = samples.open(world);
    onTestFinished(() => {
      shop.close();
      clients.close();
    });
    expect(world.deployed.queues).toHaveLength(4);
    for (const { url: QueueUrl } of world.deployed.queues) {
      const Attributes = { VisibilityTimeout: VISIBILITY_SECONDS };
      await clients.sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
    }
    // While it runs, nobody else gets its data.
    await expect(startEngine(folder, 0)).rejects.toThrow(/data directory .* is in use by another engine/);

    const requests = readSamples(samples).slice(0, ORDERS);
    const shelf = shelfFor(requests);
    await fillShelf(clients, output(outputs, 'StockTable'), shelf);

    const placed: Placed[] = [];
    let restarting: Promise<void> | undefined;
    async function killAndRestart(): Promise<void> {
      const { child } = engine;
      child.removeAllListeners('exit');
      child.kill('SIGKILL');
      await once(child, 'exit');
      engine = await startEngine(folder, port);
    }
    await sendAll(samples, persistent(shop), requests, { parallel: 6, perSecond: 15 }, (one) => {
      placed.push(one);
      if (placed.length === KILL_AT.placed) restarting = killAndRestart();
    });
    await restarting;
    const mailbox = `${engine.url}/_aws/ses`;
    while ((await mailsIn(mailbox)) < KILL_AT.mails) await sleep(RETRY_MS);
    await killAndRestart();
    while ((await stillToDo(orders.contract, world)).length > 0) await sleep(RETRY_MS);

    const snapshot = await takeSnapshot(clients, outputs, mailbox);
    const findings = reconcile({ placed, shelf }, snapshot);
    // The one promise that is not made: an e-mail may go out twice when everything stops between its sending and the note of it.
    expect(findings.problems.filter((text) => !text.includes('e-mails sent twice'))).toEqual([]);
    const { figures } = findings;
    expect(findings).toMatchObject({ figures: { orders: ORDERS }, lost: 0, outOfOrder: 0 });
    const { seen, unseen } = await lettersOf(world);
    expect([Object.values(seen).flat(), unseen]).toEqual([[], {}]);
    const accepted = figures.placed + figures.cancelled;
    expect(figures).toMatchObject({ counted: accepted, invoiced: accepted });
    const closed = once(engine.child, 'exit');
    engine.child.kill('SIGTERM');
    expect(await closed).toEqual([0, null]);
  },
  PATIENCE_MS + 30_000,
);
