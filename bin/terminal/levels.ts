/** How findings are marked, by how severe they are. */
export const LEVEL = { error: ['error', 'red'], warning: ['warn ', 'yellow'] } as const;

/** `3 errors`, `1 warning`: how many of a level there are. */
export function countOf(found: readonly { readonly severity: string }[], level: keyof typeof LEVEL): string {
  const count = found.filter(({ severity }) => severity === level).length;
  return `${count} ${level}${count === 1 ? '' : 's'}`;
}
