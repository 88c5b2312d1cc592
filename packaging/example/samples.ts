import { join } from 'node:path';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import type { SampleProducer, SystemTools } from 'sluice-cli';
import { output } from 'sluice-cli/inspect';
import { sendParcel } from './send.ts';

interface Parcel {
  readonly parcel: string;
  readonly to: string;
}

const counter: SampleProducer<Parcel, void> = {
  unit: 'parcels',
  takenBy: 'parcels',
  file: join(import.meta.dirname, 'samples.ndjson'),
  keyOf: ({ parcel }) => parcel,
  renewed: (sample, suffix) => ({ ...sample, parcel: `${sample.parcel}-${suffix}` }),
  open: ({ outputs }) => ({
    send: ({ parcel, to }) => sendParcel(output(outputs, 'Queue'), parcel, to),
    close() {},
  }),
  answerOf: () => ({ outcome: 'accepted' }),
};

export const tools: SystemTools = {
  producers: { counter },
  reconciled: ['announce'],
  async reconcile({ sent, isDead }, { clients, outputs }) {
    const table = new ScanCommand({ TableName: output(outputs, 'Announcements'), ConsistentRead: true });
    const { Items = [] } = await clients.dynamodb.send(table);
    const times = new Map(Items.map((item) => [item.parcel, item.times]));
    const owed = new Set(sent.map(({ request }) => (request as Parcel).parcel).filter((id) => !isDead('announce', id)));
    const lost = [...owed].filter((parcel) => !times.has(parcel));
    const twice = [...times].filter(([, count]) => count > 1);
    return {
      rows: [['announced', times.size, `of ${owed.size} parcels, sent ${sent.length} times`]],
      figures: { announced: times.size },
      lost: lost.length,
      duplicatedEffects: twice.length,
      outOfOrder: 0,
      problems: [
        ...lost.map((parcel) => `${parcel} was not announced`),
        ...twice.map(([parcel, count]) => `${parcel} was announced ${count} times`),
      ],
    };
  },
};
