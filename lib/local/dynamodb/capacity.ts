import type { ChangeListener } from './commit.ts';
import { type Item, itemSize } from './dynalite.ts';
import type { Parameters } from './parameters.ts';

/** Told of the capacity units that calls consume, whether a table has a limit or not. */
export interface CapacityMeter {
  read(table: string, units: number): void;
  write(table: string, units: number): void;
}

type Operation = (parameters: Parameters, body: Buffer) => Promise<Parameters>;

const READS = ['GetItem', 'BatchGetItem', 'Query', 'Scan'];
/** A write unit is one write of up to 1 KB, a read unit one strongly consistent read of up to 4 KB; transactions pay double. */
const WRITE_UNIT_BYTES = 1_024;
const READ_UNIT_BYTES = 4_096;
export const TRANSACTION_FACTOR = 2;

/**
 * Counts what each committed change costs. Indexes are not counted.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
 */
export function countWrites(meter: CapacityMeter, transactional: boolean): ChangeListener {
  const factor = transactional ? TRANSACTION_FACTOR : 1;
  return ({ table, before, after }, userIdentity) => {
    // Expiry deletes for nothing.
    if (userIdentity !== undefined) return;
    meter.write(table.TableName, factor * writeUnits(before, after));
  };
}

/** What a write costs, outside of a transaction. */
export const writeUnits = (before: Item | undefined, after: Item | undefined): number =>
  Math.max(1, Math.ceil(Math.max(sizeOf(before), sizeOf(after)) / WRITE_UNIT_BYTES));

/** The same operations, reads counted by what dynalite says they consume. */
export function countReads(
  operations: Readonly<Record<string, Operation>>,
  meter: CapacityMeter,
): Record<string, Operation> {
  const counted: Record<string, Operation> = { ...operations };
  for (const name of READS) {
    const operation = operations[name];
    if (operation !== undefined) counted[name] = (parameters, body) => countRead(operation, parameters, body, meter);
  }
  const transactGet = operations.TransactGetItems;
  if (transactGet !== undefined)
    counted.TransactGetItems = async (parameters, body) => {
      const tables = getTables(parameters);
      const result = await transactGet(parameters, body);
      for (const [index, { Item }] of (result.Responses as { Item?: Item }[]).entries()) {
        const units = Math.max(1, Math.ceil(sizeOf(Item) / READ_UNIT_BYTES));
        meter.read(tables[index] ?? '', TRANSACTION_FACTOR * units);
      }
      return result;
    };
  return counted;
}

interface Consumed {
  readonly TableName: string;
  readonly CapacityUnits: number;
}

async function countRead(operation: Operation, parameters: Parameters, body: Buffer, meter: CapacityMeter) {
  const asked = parameters.ReturnConsumedCapacity;
  const silent = asked === undefined || asked === 'NONE';
  if (silent) parameters.ReturnConsumedCapacity = 'TOTAL';
  const result = await operation(parameters, body);
  const consumed = result.ConsumedCapacity as Consumed | readonly Consumed[] | undefined;
  for (const { TableName, CapacityUnits } of consumed === undefined ? [] : [consumed].flat()) {
    meter.read(TableName, CapacityUnits);
  }
  if (!silent) return result;
  const { ConsumedCapacity: _consumed, ...rest } = result;
  return rest;
}

function getTables({ TransactItems }: Parameters): string[] {
  const items = Array.isArray(TransactItems) ? (TransactItems as { Get?: Parameters }[]) : [];
  return items.map(({ Get }) => String(Get?.TableName));
}

const sizeOf = (item: Item | undefined): number => (item === undefined ? 0 : itemSize(item));
