import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { paginateScan } from '@aws-sdk/lib-dynamodb';
import { WRITTEN_MAIL_PREFIX } from '../../../contracts/agreed/mail.ts';
import { type DeadMessage, lookAtDeadLetters, messagesIn } from '../../../operations/dead-letters/dead-letter-queue.ts';
import { type Outputs, output } from '../../../operations/deployed/deployment.ts';
import { type LogRecord, readLog } from '../../../operations/traffic/read-log.ts';
import type { Clients } from './clients.ts';

/** Everything the system has left behind, read from where it lies. */
export interface Snapshot {
  readonly orders: readonly { orderId: string; documents: Record<string, { sequence: number }> }[];
  readonly payments: readonly {
    orderId: string;
    sequence: number;
    kind: string;
    status: string;
    pence: number;
    idempotencyKey: string;
    settledAt: string;
  }[];
  readonly provider: readonly {
    idempotencyKey: string;
    orderId: string;
    kind: string;
    movedPence?: number;
    calls: number;
  }[];
  readonly reservations: readonly {
    orderId: string;
    part: string;
    kind: string;
    lines: readonly { sku: string; quantity: number; status: string }[];
  }[];
  readonly stock: readonly { sku: string; quantity: number }[];
  readonly totals: readonly {
    minute: string;
    /** With the currency: `France GBP`. */
    country: string;
    orders: number;
    salesPence: number;
    cancellations: number;
    refundsPence: number;
  }[];
  readonly unpublished: number;
  readonly invoices: readonly string[];
  /** Event ids the mails were tagged with. */
  readonly mails: readonly string[];
  readonly log: readonly LogRecord[];
  /** By consumer. */
  readonly deadLetters: Readonly<Record<string, readonly DeadMessage[]>>;
  /** How many more each consumer's queue holds: a FIFO queue shows ten of a group. */
  readonly unseenLetters: Readonly<Record<string, number>>;
  /** Messages that the topic could not deliver, by the consumer they were for. */
  readonly undelivered: Readonly<Record<string, readonly DeadMessage[]>>;
}

/** Queues of the consumers that the topic feeds, as the stem of their outputs' names. */
const FED: Readonly<Record<string, string>> = {
  'charge-card': 'Payments',
  'reserve-stock': 'Stock',
  'make-invoice': 'Invoices',
  'send-email': 'Emails',
};

/** Dead-letter queues by whose they are, in the same way. */
const OWNERS: Readonly<Record<string, string>> = { ...FED, 'sales-totals': 'SalesTotals', 'order-outbox': 'Outbox' };

/**
 * Reads all of it.
 * @param mailbox URL of the engine's recorded mailbox; undefined: there is none, as on AWS, and `mails` stays empty where they are sent
 */
export async function takeSnapshot(clients: Clients, outputs: Outputs, mailbox: string | undefined): Promise<Snapshot> {
  const lettersIn = (queue: string) => lookAtDeadLetters(clients.sqs, output(outputs, queue), undefined, clients.s3);
  const table = <T>(name: string) => scan<T>(clients, output(outputs, `${name}Table`));
  const [
    orders,
    payments,
    provider,
    reservations,
    stock,
    totals,
    outbox,
    invoices,
    mails,
    log,
    deadLetters,
    undelivered,
  ] = await Promise.all([
    table<Snapshot['orders'][number]>('Orders'),
    table<Snapshot['payments'][number]>('Payments'),
    table<Snapshot['provider'][number]>('Provider'),
    table<Snapshot['reservations'][number]>('Reservations'),
    table<Snapshot['stock'][number]>('Stock'),
    table<Snapshot['totals'][number]>('Totals'),
    table<{ unpublished?: string }>('Outbox'),
    listObjects(clients, output(outputs, 'InvoicesBucket')),
    mailsOf(clients, outputs.MailsBucket, mailbox),
    readLog(clients.kinesis, output(outputs, 'OrderLog')),
    lookAtEach(OWNERS, (stem) => lettersIn(`${stem}DeadLetters`)),
    lookAtEach(FED, (stem) => lettersIn(`${stem}Undelivered`)),
  ]);
  const depths = await lookAtEach(OWNERS, (stem) => messagesIn(clients.sqs, output(outputs, `${stem}DeadLetters`)));
  const unseen = Object.entries(depths).map(
    ([owner, depth]) => [owner, depth - (deadLetters[owner]?.length ?? 0)] as const,
  );
  const unpublished = outbox.filter((row) => row.unpublished !== undefined).length;
  return {
    orders,
    payments,
    provider,
    reservations,
    stock,
    totals,
    unpublished,
    invoices,
    mails,
    log,
    deadLetters,
    unseenLetters: Object.fromEntries(unseen.filter(([, count]) => count > 0)),
    undelivered,
  };
}

async function lookAtEach<T>(
  owners: Readonly<Record<string, string>>,
  look: (stem: string) => Promise<T>,
): Promise<Record<string, T>> {
  const looked = Object.entries(owners).map(async ([owner, stem]) => [owner, await look(stem)] as const);
  return Object.fromEntries(await Promise.all(looked));
}

async function scan<T>({ dynamodb }: Clients, TableName: string): Promise<T[]> {
  const items: T[] = [];
  for await (const page of paginateScan({ client: dynamodb }, { TableName, ConsistentRead: true }))
    items.push(...((page.Items ?? []) as T[]));
  return items;
}

async function listObjects({ s3 }: Clients, Bucket: string): Promise<string[]> {
  const keys: string[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await s3.send(
      new ListObjectsV2Command({ Bucket, ...(ContinuationToken === undefined ? {} : { ContinuationToken }) }),
    );
    keys.push(...(page.Contents ?? []).map(({ Key = '' }) => Key));
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  return keys;
}

/** From the bucket of a stage that writes its e-mails, or from the mailbox. */
async function mailsOf(clients: Clients, bucket: string | undefined, mailbox: string | undefined): Promise<string[]> {
  if (bucket !== undefined) return (await listObjects(clients, bucket)).map((key) => MAIL_NAME.exec(key)?.[1] ?? '');
  return mailbox === undefined ? [] : readMailbox(mailbox);
}

const MAIL_NAME = new RegExp(`^${WRITTEN_MAIL_PREFIX}(.*)\\.txt$`);

interface Mail {
  readonly EmailTags?: readonly { readonly Name: string; readonly Value: string }[];
}

async function readMailbox(url: string): Promise<string[]> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`the mailbox at ${url} answered ${response.status}`);
  const { messages } = (await response.json()) as { messages: readonly Mail[] };
  return messages.map(({ EmailTags = [] }) => EmailTags.find(({ Name }) => Name === 'event')?.Value ?? '');
}
