/**
 * What the services charge, as data. List prices without free tiers, discounts and taxes, in US dollars. Read from public copies of AWS's price
 * list (offer files of September and October 2026). `confirmed: false`: no such copy was found; the price stands in until somebody looks it up.
 */
export const PRICE_LIST_DATE = '2026-10-01';

export const REGIONS = ['us-east-1', 'eu-west-1'] as const;
export type Region = (typeof REGIONS)[number];

/** `[up to this quantity in a month, dollars per unit]`, the last one without end. */
export type Tiers = readonly (readonly [upTo: number, dollars: number])[];

interface RegionalPrice {
  readonly tiers: Tiers;
  readonly confirmed: boolean;
}

export interface Price {
  readonly service: string;
  readonly what: string;
  /** What one price buys: `million requests`. */
  readonly unit: string;
  /** How many of the counted thing are one unit: 1,000,000 for a million. */
  readonly per: number;
  readonly source: string;
  readonly regions: Readonly<Record<Region, RegionalPrice>>;
}

const NO_END = Number.POSITIVE_INFINITY;
const MILLION = 1e6;
const BILLION = 1e9;

const flat = (dollars: number): RegionalPrice => ({ tiers: [[NO_END, dollars]], confirmed: true });
const tiered = (...tiers: Tiers): RegionalPrice => ({ tiers, confirmed: true });
const unconfirmed = (price: RegionalPrice): RegionalPrice => ({ ...price, confirmed: false });

const everywhere = (price: RegionalPrice) => ({ 'us-east-1': price, 'eu-west-1': price });
const each = (virginia: RegionalPrice, ireland: RegionalPrice) => ({ 'us-east-1': virginia, 'eu-west-1': ireland });
/** Nothing found for Ireland: Virginia's price stands in. */
const virginiaOnly = (price: RegionalPrice) => each(price, unconfirmed(price));

/** Rows of one service: they share its pricing page. */
const of =
  (service: string, source: string) =>
  (what: string, unit: string, per: number, regions: Price['regions']): Price => ({
    service,
    what,
    unit,
    per,
    source,
    regions,
  });

const sqs = of('SQS', 'https://aws.amazon.com/sqs/pricing/');
const sns = of('SNS', 'https://aws.amazon.com/sns/pricing/');
const kinesis = of('Kinesis', 'https://aws.amazon.com/kinesis/data-streams/pricing/');
const lambda = of('Lambda', 'https://aws.amazon.com/lambda/pricing/');
const dynamodb = of('DynamoDB', 'https://aws.amazon.com/dynamodb/pricing/on-demand/');
const s3 = of('S3', 'https://aws.amazon.com/s3/pricing/');
const cloudwatch = of('CloudWatch', 'https://aws.amazon.com/cloudwatch/pricing/');
const kms = of('KMS', 'https://aws.amazon.com/kms/pricing/');
const eventbridge = of('EventBridge', 'https://aws.amazon.com/eventbridge/pricing/');
const ses = of('SES', 'https://aws.amazon.com/ses/pricing/');

export const PRICES = {
  // Every 64 KB of payload is a request; a batch of up to 10 messages is one.
  sqsStandard: sqs(
    'standard queue requests',
    'million requests',
    MILLION,
    everywhere(tiered([100 * BILLION, 0.4], [200 * BILLION, 0.3], [NO_END, 0.24])),
  ),
  sqsFifo: sqs(
    'FIFO queue requests',
    'million requests',
    MILLION,
    everywhere(tiered([100 * BILLION, 0.5], [200 * BILLION, 0.4], [NO_END, 0.35])),
  ),
  sqsFair: sqs('fair queues, on top', 'million requests with a group', MILLION, virginiaOnly(flat(0.1))),

  snsStandard: sns('standard topic requests', 'million requests', MILLION, everywhere(flat(0.5))),
  snsFifo: sns('FIFO topic requests', 'million requests', MILLION, virginiaOnly(flat(0.3))),
  snsFifoBytes: sns('FIFO topic payload', 'GB', BILLION, virginiaOnly(flat(0.017))),
  // Published messages times subscriptions, filtered out or not.
  snsFifoDeliveries: sns('FIFO subscription messages', 'million messages', MILLION, virginiaOnly(flat(0.01))),
  snsFifoDeliveryBytes: sns('FIFO subscription payload', 'GB', BILLION, virginiaOnly(flat(0.001))),

  // Ireland's provisioned prices: only a copy without a date was found.
  kinesisShard: kinesis('shard hours', 'shard-hour', 1, each(flat(0.015), unconfirmed(flat(0.017)))),
  kinesisPut: kinesis(
    'PUT payload units of 25 KB',
    'million units',
    MILLION,
    each(flat(0.014), unconfirmed(flat(0.0165))),
  ),
  kinesisExtended: kinesis('retention, day 2 to 7', 'shard-hour', 1, each(flat(0.02), unconfirmed(flat(0.023)))),
  kinesisLongTerm: kinesis('retention beyond 7 days', 'GB-month', 1, virginiaOnly(flat(0.023))),
  kinesisFanOut: kinesis('enhanced fan-out', 'consumer-shard-hour', 1, virginiaOnly(flat(0.015))),
  kinesisFanOutBytes: kinesis('enhanced fan-out reading', 'GB', BILLION, virginiaOnly(flat(0.013))),
  kinesisStream: kinesis('on-demand stream hours', 'stream-hour', 1, virginiaOnly(flat(0.04))),
  // Each record is rounded up to 1 KB.
  kinesisIn: kinesis('on-demand written', 'GB', BILLION, virginiaOnly(flat(0.08))),
  kinesisOut: kinesis('on-demand read', 'GB', BILLION, virginiaOnly(flat(0.04))),
  kinesisOutFanOut: kinesis('on-demand read, enhanced fan-out', 'GB', BILLION, virginiaOnly(flat(0.05))),
  kinesisOnDemandExtended: kinesis('on-demand retention, day 2 to 7', 'GB-month', 1, virginiaOnly(flat(0.1))),
  kinesisOnDemandLongTerm: kinesis('on-demand retention beyond 7 days', 'GB-month', 1, virginiaOnly(flat(0.023))),

  lambdaRequests: lambda('requests', 'million requests', MILLION, everywhere(flat(0.2))),
  lambdaTime: lambda(
    'time, arm64',
    'GB-second',
    1,
    everywhere(tiered([7.5 * BILLION, 0.0000133334], [18.75 * BILLION, 0.0000120001], [NO_END, 0.0000106667])),
  ),

  // A transaction pays twice per item. Lambda's reading of a stream is free.
  dynamodbWrite: dynamodb('write request units', 'million units', MILLION, each(flat(0.625), flat(0.705))),
  dynamodbRead: dynamodb('read request units', 'million units', MILLION, each(flat(0.125), flat(0.1415))),
  // Once, for each unit beyond what a new table takes; raised later, for each unit more. The price page's examples; no price list has it.
  dynamodbWarmWrite: dynamodb(
    'warm throughput, writes, once',
    'unit',
    1,
    each(unconfirmed(flat(0.00065)), unconfirmed(flat(0.000735))),
  ),
  dynamodbWarmRead: dynamodb(
    'warm throughput, reads, once',
    'unit',
    1,
    each(unconfirmed(flat(0.00013)), unconfirmed(flat(0.000147))),
  ),
  dynamodbStorage: dynamodb('storage', 'GB-month', 1, each(flat(0.25), flat(0.283))),
  dynamodbRecovery: dynamodb('point-in-time recovery', 'GB-month', 1, each(flat(0.2), flat(0.22))),

  // First 50 TB.
  s3Storage: s3('storage', 'GB-month', 1, everywhere(flat(0.023))),
  s3Put: s3('PUT requests', '1,000 requests', 1_000, everywhere(flat(0.005))),
  s3Get: s3('GET requests', '1,000 requests', 1_000, everywhere(flat(0.0004))),

  metrics: cloudwatch(
    'custom metrics',
    'metric-month',
    1,
    everywhere(tiered([10_000, 0.3], [250_000, 0.1], [1_000_000, 0.05], [NO_END, 0.02])),
  ),
  // Metric math: one for every metric in the expression.
  alarms: cloudwatch('alarms, per metric watched', 'alarm-metric-month', 1, everywhere(flat(0.1))),
  compositeAlarms: cloudwatch('composite alarms', 'alarm-month', 1, virginiaOnly(flat(0.5))),
  dashboards: cloudwatch('dashboards', 'dashboard-month', 1, virginiaOnly(flat(3))),
  logs: cloudwatch('log ingestion', 'GB', BILLION, each(flat(0.5), flat(0.57))),
  logStorage: cloudwatch('log storage', 'GB-month', 1, everywhere(flat(0.03))),

  keys: kms('customer keys', 'key-month', 1, virginiaOnly(flat(1))),
  keyRequests: kms('requests', '10,000 requests', 10_000, virginiaOnly(flat(0.03))),

  schedules: eventbridge('Scheduler invocations', 'million invocations', MILLION, virginiaOnly(flat(1))),
  emails: ses('e-mails', '1,000 e-mails', 1_000, virginiaOnly(flat(0.1))),
} as const satisfies Readonly<Record<string, Price>>;

export type PriceName = keyof typeof PRICES;
