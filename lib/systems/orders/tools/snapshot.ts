import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { paginateScan } from '@aws-sdk/lib-dynamodb';
import { WRITTEN_MAIL_PREFIX } from '../../../contracts/agreed/mail.ts';
import type { Clients } from '../../../operations/deployed/clients.ts';
import { type Outputs, output } from '../../../operations/deployed/deployment.ts';
import { type LogRecord, readLog } from '../../../operations/traffic/read-log.ts';

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
}

/**
 * Reads all of it.
 * @param mailbox URL of the engine's recorded mailbox; undefined: there is none, as on AWS, and `mails` stays empty where they are sent
 */
export async function takeSnapshot(clients: Clients, outputs: Outputs, mailbox: string | undefined): Promise<Snapshot> {
  const table = <T>(name: string) => scan<T>(clients, output(outputs, `${name}Table`));
  const [orders, payments, provider, reservations, stock, totals, outbox, invoices, mails, log] = await Promise.all([
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
  ]);
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
  };
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
