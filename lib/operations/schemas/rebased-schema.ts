import { isObject, type Json, type JsonSchema } from '../../contracts/schemas/json-schema.ts';

/**
 * A schema to be put inside another document: its references, which start at its own root, lead there.
 * @param root where it will be: `#/components/schemas/orders.order-placed.v2`
 */
export function rebased(schema: JsonSchema, root: string): JsonSchema {
  const move = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(move);
    if (!isObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([keyword, inner]) =>
        keyword === '$ref' && typeof inner === 'string' && inner.startsWith('#')
          ? [keyword, `${root}${inner.slice(1)}`]
          : [keyword, move(inner)],
      ),
    );
  };
  return move(schema) as JsonSchema;
}
