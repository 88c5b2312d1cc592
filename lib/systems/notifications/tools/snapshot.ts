import { paginateScan } from '@aws-sdk/lib-dynamodb';
import type { Clients } from '../../../operations/deployed/clients.ts';
import { type Outputs, output } from '../../../operations/deployed/deployment.ts';
import { PROVIDER_ITEMS } from '../contract.ts';

/** What a provider's book says about one notification. */
export interface BookEntry {
  /** `CHANNEL/EVENT-ID` */
  readonly key: string;
  readonly lane: string;
  /** When it was asked, epoch ms, also for what came to nothing. */
  readonly asked: readonly number[];
  /** When it sent. */
  readonly sent?: readonly number[];
  /** Of its answers that were lost: it has sent, and whoever asked cannot know. */
  readonly unanswered?: readonly number[];
}

/** Everything the system has left behind, read from where it lies. */
export interface Snapshot {
  readonly book: readonly BookEntry[];
  /** Requests that providers got in a second, by `CHANNEL!SECOND`; refused ones too. */
  readonly seconds: Readonly<Record<string, number>>;
  readonly undeliverable: readonly { readonly notificationId: string; readonly reason: string }[];
}

type Times = ReadonlySet<number>;

/** The provider keeps sets: in order of time, they are lists. */
const inOrder = (times: unknown): number[] => [...(times as Times)].map(Number).sort((a, b) => a - b);

const bookEntry = ({ key, lane, asked, sent, unanswered }: BookEntry): BookEntry => ({
  key,
  lane,
  asked: asked === undefined ? [] : inOrder(asked),
  ...(sent === undefined ? {} : { sent: inOrder(sent) }),
  ...(unanswered === undefined ? {} : { unanswered: inOrder(unanswered) }),
});

/** Reads all of it. */
export async function takeSnapshot(clients: Clients, outputs: Outputs): Promise<Snapshot> {
  const [items, undeliverable] = await Promise.all([
    scan<BookEntry & { readonly asked: unknown }>(clients, output(outputs, 'ProviderTable')),
    scan<Snapshot['undeliverable'][number]>(clients, output(outputs, 'UndeliverableTable')),
  ]);
  return {
    book: items.filter(({ key }) => !key.includes('!')).map(bookEntry),
    seconds: Object.fromEntries(
      items.flatMap(({ key, asked }) =>
        key.startsWith(PROVIDER_ITEMS.second)
          ? [[key.slice(PROVIDER_ITEMS.second.length), Number(asked)] as const]
          : [],
      ),
    ),
    undeliverable,
  };
}

async function scan<T>({ dynamodb }: Clients, TableName: string): Promise<T[]> {
  const items: T[] = [];
  for await (const page of paginateScan({ client: dynamodb }, { TableName, ConsistentRead: true }))
    items.push(...((page.Items ?? []) as T[]));
  return items;
}
