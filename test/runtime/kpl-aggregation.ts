import { aggregate } from 'aws-kinesis-agg';

/** An aggregated record as the published library makes it: events of several keys. */
export const theirAggregation = (records: readonly { key: string; data: string }[]): Promise<Buffer> =>
  new Promise((resolve, reject) =>
    aggregate(
      records.map(({ key, data }) => ({ partitionKey: key, data: Buffer.from(data) })),
      ({ data }) => resolve(data),
      () => undefined,
      reject,
    ),
  );
