import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { envelope } from '../../../../lib/contracts/events/envelope.ts';
import { systemContract } from '../../../../lib/contracts/system.ts';
import { output } from '../../../../lib/operations/deployed/deployment.ts';
import type { SampleProducer, SystemTools } from '../../../../lib/operations/systems/system.ts';
import { publisher } from '../../../../lib/runtime/publishing/publish.ts';
import type { HouseSystem } from '../../../../lib/systems/house-system.ts';
import * as contract from './contract.ts';

const THINGS = 12;
const SAMPLES = join(tmpdir(), `sluice-broken-things-${process.pid}.ndjson`);

const samples: SampleProducer<{ readonly thing: string }, 'sent'> = {
  unit: 'things',
  takenBy: 'things',
  file: SAMPLES,
  keyOf: ({ thing }) => thing,
  renewed: ({ thing }, suffix) => ({ thing: `${thing}-${suffix}` }),
  open({ outputs, clients }) {
    const publish = publisher(contract.things, { address: output(outputs, 'Topic') });
    return {
      async send({ thing }) {
        const header = { id: `thing/${thing}`, source: '/broken', time: new Date() };
        await publish([envelope(contract.Thing, { thing }, header)]);
        const note = { QueueUrl: output(outputs, 'Forgotten'), MessageBody: thing };
        await clients.sqs.send(new SendMessageCommand(note));
        return 'sent';
      },
      close: () => undefined,
    };
  },
  answerOf: () => ({ outcome: 'accepted' }),
};

const HANDLED_BEFORE_REST = 8;
const POLL_MILLIS = 100;

const tools: SystemTools = {
  // What is to happen while things are handled has happened then.
  async trouble({ outputs, clients }) {
    const get = new GetCommand({ TableName: output(outputs, 'Counts'), Key: { pk: 'things' }, ConsistentRead: true });
    while (Number((await clients.dynamodb.send(get)).Item?.things ?? 0) < HANDLED_BEFORE_REST) await sleep(POLL_MILLIS);
    return {};
  },
  producers: { things: samples },
  reconciled: ['count-things'],
  async reconcile({ sent }, { clients, outputs }) {
    const get = new GetCommand({ TableName: output(outputs, 'Counts'), Key: { pk: 'things' }, ConsistentRead: true });
    const { Item } = await clients.dynamodb.send(get);
    const [count, wanted] = [
      Number(Item?.things ?? 0),
      new Set(sent.map(({ request }) => JSON.stringify(request))).size,
    ];
    const problems = count === wanted ? [] : [`counted ${count} of ${wanted} things`];
    const tally = { lost: Math.max(0, wanted - count), duplicatedEffects: Math.max(0, count - wanted), outOfOrder: 0 };
    return { rows: [], figures: { counted: count }, problems, ...tally };
  },
};

/** Writes its samples when it is asked for. */
export function brokenSystem(): HouseSystem {
  const lines = Array.from({ length: THINGS }, (_, i) => JSON.stringify({ thing: `thing-${i}` }));
  writeFileSync(SAMPLES, `${lines.join('\n')}\n`);
  return {
    name: 'broken',
    summary: 'does wrong whatever the gate looks at',
    contract: systemContract('broken', contract),
    stack: async () => (await import('./stack.ts')).BrokenStack,
    tools: async () => tools,
  };
}

/** Where its functions are. */
export const BROKEN_LAMBDAS = join(import.meta.dirname, 'lambdas');
export { SAMPLES as BROKEN_SAMPLES };
