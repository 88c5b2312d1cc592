import { randomUUID } from 'node:crypto';
import { jsonBody } from '../endpoint-request.ts';
import type { ServiceHandler, ServiceResponse } from '../service.ts';
import type { State } from '../state/state.ts';
import { type CapacityMeter, countReads, countWrites } from './capacity.ts';
import { type ChangeListener, createCommit } from './commit.ts';
import { openStore } from './dynalite.ts';
import { DynamodbError } from './errors.ts';
import { createExpiry } from './expiry.ts';
import { createInFlight } from './in-flight.ts';
import { createItemOperations } from './items.ts';
import { keepItems } from './items-state.ts';
import type { Parameters } from './parameters.ts';
import { chargeReads, limitReads } from './read-limits.ts';
import { createStreams } from './streams.ts';
import { createTableOperations, nameOf } from './tables.ts';
import type { Throughput } from './throughput.ts';
import { createTransactions } from './transactions.ts';
import { createTableCache } from './view.ts';

export interface DynamodbOptions {
  readonly region: string;
  readonly account: string;
  /** How often expired items are looked for, in ms. Default: TTL_SWEEP_MS. */
  readonly ttlSweepMs?: number | undefined;
  /** Keeps tables, items and streams over a restart. */
  readonly state?: State | undefined;
  /** Told of the capacity units consumed. */
  readonly capacity: CapacityMeter;
  /** How long a transaction holds its items, milliseconds. 0: until what came in at the same time was looked at. Default 0. */
  readonly transactionMs?: number | undefined;
  /** Limits what tables take. Undefined: they take everything. */
  readonly throughput?: Throughput | undefined;
}

/** DynamoDB and DynamoDB Streams as one handler (both sign as `dynamodb`). */
export interface Dynamodb {
  readonly handle: ServiceHandler;
  readonly streamActivity: { onAppend(arn: string, listener: () => void): () => void };
  /** Undefined when there is no such table. */
  partitionKeyOf(table: string): string | undefined;
  close(): Promise<void>;
}

type Operation = (parameters: Parameters, body: Buffer) => Promise<Parameters>;

/**
 * dynalite in this process, with what it lacks: transactions, streams, expiry, items in failed conditions.
 * Every write is planned and committed in one turn of the event loop (see commit.ts), which is the one lock it takes.
 */
export async function startDynamodb({
  region,
  account,
  ttlSweepMs,
  state,
  capacity,
  transactionMs = 0,
  throughput,
}: DynamodbOptions): Promise<Dynamodb> {
  const store = await openStore(region, account);
  if (state !== undefined) await keepItems(store, state);
  const tables = createTableCache(store);
  const streams = createStreams(region, state);
  const listeners: ChangeListener[] = [streams.listener];
  const listen: ChangeListener = (change, identity) => {
    for (const listener of listeners) listener(change, identity);
  };
  const commit = createCommit(store, [listen, countWrites(capacity, false)]);
  const commitTransaction = createCommit(store, [listen, countWrites(capacity, true)]);
  const expiry = await createExpiry({
    store,
    tables,
    commit,
    state,
    ...(ttlSweepMs === undefined ? {} : { sweepMs: ttlSweepMs }),
  });
  listeners.push(expiry.listener);

  const inFlight = createInFlight(transactionMs);
  const itemOperations: Readonly<Record<string, Operation>> = {
    ...createItemOperations({ store, tables, commit, inFlight, throughput }),
    ...createTransactions({ store, tables, commit: commitTransaction, inFlight, throughput, state }),
  };

  const operations: Readonly<Record<string, Operation>> = {
    ...(throughput === undefined
      ? countReads(itemOperations, capacity)
      : limitReads(countReads(itemOperations, chargeReads(capacity, throughput, tables)), throughput, tables)),
    ...createTableOperations({ store, tables, streams, expiry, state, throughput }),
  };
  const streamOperations = streams.operations;

  return {
    async handle(request) {
      const target = String(request.headers['x-amz-target'] ?? '');
      const name = request.operation ?? '';
      try {
        const parameters = jsonBody(request);
        if (target.startsWith('DynamoDBStreams_')) {
          const operation = streamOperations[name];
          if (operation === undefined) throw unknownOperation('DynamoDB Streams', name, streamOperations);
          return answer(200, operation(parameters));
        }
        const operation = operations[name];
        if (operation === undefined) throw unknownOperation('DynamoDB', name, operations);
        // A table may be given by its ARN everywhere.
        if (typeof parameters.TableName === 'string') parameters.TableName = nameOf(parameters.TableName);
        return answer(200, await operation(parameters, request.body));
      } catch (error) {
        if (error instanceof DynamodbError) return answer(error.statusCode, error.body);
        if (error instanceof SyntaxError) {
          return answer(400, { __type: 'com.amazon.coral.service#SerializationException', message: error.message });
        }
        throw error;
      }
    },
    streamActivity: { onAppend: streams.onAppend },
    partitionKeyOf: (table) => tables.find(table)?.KeySchema.find(({ KeyType }) => KeyType === 'HASH')?.AttributeName,
    async close() {
      expiry.close();
      await store.db.close();
    },
  };
}

function unknownOperation(service: string, name: string, known: object): DynamodbError {
  return new DynamodbError(
    'UnknownOperationException',
    `${service}: operation ${name || '(none)'} is not available in the engine; available: ${Object.keys(known).sort().join(', ')}`,
  );
}

function answer(status: number, body: object): ServiceResponse {
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': randomUUID() },
    body: JSON.stringify(body),
  };
}
