import type { CapacityMeter } from './capacity.ts';
import type { Table } from './dynalite.ts';
import type { Parameters } from './parameters.ts';
import { partitionKeyOf } from './places.ts';
import { nameOf } from './tables.ts';
import { type Throughput, throttling } from './throughput.ts';
import type { TableCache } from './view.ts';

type Operation = (parameters: Parameters, body: Buffer) => Promise<Parameters>;

/** One read unit: as long as there is as much, a read is begun; what it costs is known when it is done. */
const AT_LEAST = 1;
/** An eventually consistent read, whatever it finds. */
const LEAST_COST = 0.5;

/** The same meter, what is read taken from what the table may still be asked for. */
export const chargeReads = (meter: CapacityMeter, throughput: Throughput, tables: TableCache): CapacityMeter => ({
  ...meter,
  read(name, units) {
    meter.read(name, units);
    const table = tables.find(name);
    if (table !== undefined) throughput.charge('read', table, Math.max(units, LEAST_COST) - AT_LEAST);
  },
});

/**
 * The same operations, reads refused that a table or partition key takes no more of. Of queries, scans and batches only the table counts.
 * @returns operations that throw ThrottlingException
 */
export function limitReads(
  operations: Readonly<Record<string, Operation>>,
  throughput: Throughput,
  tables: TableCache,
): Record<string, Operation> {
  const limited: Record<string, Operation> = { ...operations };
  for (const [name, tablesOf] of Object.entries(READS)) {
    const operation = operations[name];
    if (operation === undefined) continue;
    limited[name] = async (parameters, body) => {
      for (const tableName of tablesOf(parameters)) {
        const table = tables.find(nameOf(tableName));
        const exceeded = table && throughput.take('read', table, keyIn(name, parameters, table), AT_LEAST);
        if (exceeded !== undefined) throw throttling(exceeded);
      }
      return operation(parameters, body);
    };
  }
  return limited;
}

const READS: Readonly<Record<string, (parameters: Parameters) => readonly unknown[]>> = {
  GetItem: ({ TableName }) => [TableName],
  Query: ({ TableName }) => [TableName],
  Scan: ({ TableName }) => [TableName],
  BatchGetItem: ({ RequestItems }) => Object.keys((RequestItems ?? {}) as object),
};

const keyIn = (operation: string, parameters: Parameters, table: Table): string | undefined =>
  operation === 'GetItem' && typeof parameters.Key === 'object' ? partitionKeyOf(parameters, table) : undefined;
