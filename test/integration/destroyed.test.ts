import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudFormationClient, DeleteStackCommand } from '@aws-sdk/client-cloudformation';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { expect, it, onTestFinished } from 'vitest';
import { pointSdkAt } from '../../bin/apps/sdk-environment.ts';
import { synthesise } from '../../bin/apps/synth.ts';
import { startEngine } from '../../lib/local/engine.ts';
import { remainsOf } from '../compatible/remains.ts';
import { anOrder, eventually, openOrders } from './orders-app.ts';

const STAGE = 'dev-alice';
const STACK = `sluice-${STAGE}-orders`;

it('a stage that keeps nothing leaves nothing when it is destroyed, though its buckets are in use', async () => {
  const assembly = mkdtempSync(join(tmpdir(), 'sluice-destroyed-'));
  onTestFinished(() => rmSync(assembly, { recursive: true, force: true }));
  await synthesise(assembly, STAGE, ['orders']);
  const engine = await startEngine({ assembly, port: 0, onLog: () => undefined });
  onTestFinished(() => engine.close());
  pointSdkAt(engine.url, engine.services.region);
  const app = await openOrders(STACK, engine.url);
  const [s3, cloudformation] = [new S3Client({ forcePathStyle: true }), new CloudFormationClient({})];
  onTestFinished(async () => {
    s3.destroy();
    cloudformation.destroy();
    await app.close();
  });

  for (let placed = 0; placed < 5; placed++)
    expect(await app.shop.place(anOrder())).toMatchObject({ status: 'accepted' });
  await eventually('invoices and e-mails are in their buckets', async () => {
    const lists = ['InvoicesBucket', 'MailsBucket'].map((name) =>
      s3.send(new ListObjectsV2Command({ Bucket: app.output(name) })),
    );
    return (await Promise.all(lists)).every(({ KeyCount = 0 }) => KeyCount > 0);
  });
  // Its functions are at work: what they write goes, too.
  await app.shop.place(anOrder());
  expect(Object.keys(await remainsOf(STACK))).toEqual(
    expect.arrayContaining(['stacks', 'buckets', 'queues', 'tables']),
  );
  await cloudformation.send(new DeleteStackCommand({ StackName: STACK }));
  expect(engine.notices.filter((text) => text.includes('could not be deleted'))).toEqual([]);
  expect(await remainsOf(STACK)).toEqual({});
});
