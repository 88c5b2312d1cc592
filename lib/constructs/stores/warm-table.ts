import { Annotations, Lazy } from 'aws-cdk-lib';
import { CfnTable, type Table } from 'aws-cdk-lib/aws-dynamodb';
import { sumOfLoads, type TableLoad, warmThroughputFor } from '../../contracts/declaring/table-capacity.ts';
import { stageOf } from '../stages/stage.ts';

/**
 * Gives a table from its first second on what declared peaks ask of it. Nothing is asked for where a new table takes it, and nothing in a stage that does not warm its
 * tables: that is said when the app is synthesised.
 * @param loads units a second at the peak, of all who use the table; asked when the app is synthesised, so that it may still grow
 */
export function warmTable(table: Table, loads: () => readonly TableLoad[]): void {
  const resource = table.node.defaultChild;
  if (!(resource instanceof CfnTable))
    throw new Error(`table '${table.node.path}' is not one of CloudFormation's tables`);
  const { name, warmTables } = stageOf(table);
  const needed = (): TableLoad | undefined => warmThroughputFor(sumOfLoads(loads()));
  if (!warmTables) {
    table.node.addValidation({
      validate: () => {
        const units = needed();
        if (units !== undefined)
          Annotations.of(table).addInfo(
            `stage '${name}' lets table '${table.node.path}' grow by itself: at first it takes less than the ${inWords(units)} that its declared peak may need (warmTables)`,
          );
        return [];
      },
    });
    return;
  }
  resource.warmThroughput = Lazy.any({
    produce: () => {
      const units = needed();
      return units && { writeUnitsPerSecond: units.write, readUnitsPerSecond: units.read };
    },
  });
}

const inWords = ({ write, read }: TableLoad): string =>
  [...(write === undefined ? [] : [`${write} write units`]), ...(read === undefined ? [] : [`${read} read units`])]
    .join(' and ')
    .concat(' a second');
