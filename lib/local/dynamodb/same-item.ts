/** Whether two attribute values, or items, are the same. The order of attributes does not matter; that of sets neither. */
export function sameValue(a: unknown, b: unknown, isSet = false): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) return false;
    return isSet ? a.every((value) => b.includes(value)) : a.every((value, index) => sameValue(value, b[index]));
  }
  if (Array.isArray(a) || Array.isArray(b)) return false;
  const entries = Object.entries(a);
  const others = b as Record<string, unknown>;
  if (entries.length !== Object.keys(others).length) return false;
  return entries.every(([name, value]) => name in others && sameValue(value, others[name], SETS.has(name)));
}

const SETS = new Set(['SS', 'NS', 'BS']);
