import { type AnyTableChanges, imagesOf } from '../../contracts/channels/table-changes.ts';
import type { JsonSchema } from '../../contracts/schemas/json-schema.ts';
import { rebased } from './rebased-schema.ts';
import { jsonSchemaOf } from './schemas.ts';

const ITEM = '#/definitions/item';

/**
 * The data of a table's changes as JSON Schema: one alternative for each change that is consumed.
 * @throws Error naming the table changes when the item's validator cannot be converted
 */
export async function itemChangeSchema({ name, item, view, changes }: AnyTableChanges): Promise<JsonSchema> {
  const shape = item === undefined ? { type: 'object' } : await jsonSchemaOf(item, `table changes '${name}'`);
  return {
    definitions: { item: rebased(shape, ITEM) },
    oneOf: changes.map((change) => {
      const images = Object.fromEntries(imagesOf(view, change).map((image) => [image, { $ref: ITEM }]));
      return {
        type: 'object',
        required: ['change', 'table', 'keys', 'expired', ...Object.keys(images)],
        properties: {
          change: { const: change },
          table: { type: 'string', description: 'Name of the table' },
          keys: { type: 'object', description: "The item's key" },
          expired: { type: 'boolean', description: 'Removed by its time to live, not by a writer' },
          ...images,
        },
      };
    }),
  };
}
