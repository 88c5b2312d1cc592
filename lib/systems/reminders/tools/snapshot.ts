import { paginateScan } from '@aws-sdk/lib-dynamodb';
import type { Clients } from '../../../operations/deployed/clients.ts';
import { type Outputs, output } from '../../../operations/deployed/deployment.ts';
import type { StoredReminder } from '../stored.ts';

/** A reminder as its user has got it. */
export interface Notification {
  readonly userId: string;
  readonly reminderId: string;
  readonly version: number;
  readonly dueAt: string;
  readonly notifiedAt: string;
}

/** Everything the system has left behind, read from where it lies. */
export interface Snapshot {
  readonly reminders: readonly StoredReminder[];
  readonly notifications: readonly Notification[];
  /** Events in the outbox, and how many of them are not published. */
  readonly events: readonly { readonly body: string; readonly unpublished: boolean }[];
  /** When it was read, epoch milliseconds. */
  readonly at: number;
}

/** Reads all of it. */
export async function takeSnapshot(clients: Clients, outputs: Outputs): Promise<Snapshot> {
  const at = Date.now();
  const table = <T>(name: string) => scan<T>(clients, output(outputs, `${name}Table`));
  const reminders = await table<StoredReminder>('Reminders');
  const [notifications, outbox] = await Promise.all([
    table<Notification>('Notifications'),
    table<{ body?: string; unpublished?: string }>('Outbox'),
  ]);
  const events = outbox.flatMap(({ body, unpublished }) =>
    body === undefined ? [] : [{ body, unpublished: unpublished !== undefined }],
  );
  return { reminders, notifications, events, at };
}

export async function scan<T>({ dynamodb }: Clients, TableName: string): Promise<T[]> {
  const items: T[] = [];
  for await (const page of paginateScan({ client: dynamodb }, { TableName, ConsistentRead: true }))
    items.push(...((page.Items ?? []) as T[]));
  return items;
}
