/**
 * Stack traces of a bundled function name the source, not the one long line of the bundle. `bundleFunctions()` puts this file at the beginning of
 * every bundle, and the map beside it. The map is read for the first error whose stack somebody looks at: Node's own --enable-source-maps reads it at
 * every cold start, which is a tenth of it. Nothing is imported: an ES import of node:fs alone is another tenth.
 */
const BUNDLE = import.meta.url;

type Found = { readonly originalSource: string; readonly originalLine: number; readonly originalColumn: number };

let lookUp: ((line: number, column: number) => Found | undefined) | undefined;

function openMap(): NonNullable<typeof lookUp> {
  try {
    const { SourceMap } = process.getBuiltinModule('node:module');
    const { readFileSync } = process.getBuiltinModule('node:fs');
    const map = new SourceMap(JSON.parse(readFileSync(new URL(`${BUNDLE}.map`), 'utf8')));
    return (line, column) => {
      const found = map.findEntry(line - 1, column - 1);
      return 'originalSource' in found ? found : undefined;
    };
  } catch {
    return () => undefined; // Without its map a bundle's own frames have to do: this is told while an error is told.
  }
}

function frameOf(site: NodeJS.CallSite): string {
  const frame = String(site);
  const [line, column] = [site.getLineNumber(), site.getColumnNumber()];
  if (site.getFileName() !== BUNDLE || line === null || column === null) return frame;
  lookUp ??= openMap();
  const found = lookUp(line, column);
  if (found === undefined) return frame;
  const { originalSource, originalLine, originalColumn } = found;
  return frame.replace(`${BUNDLE}:${line}:${column}`, `${originalSource}:${originalLine + 1}:${originalColumn + 1}`);
}

function headOf(error: Error): string {
  try {
    return Error.prototype.toString.call(error);
  } catch {
    return 'Error'; // An error whose name or message cannot be made a text.
  }
}

// Whoever asks for Node's own source maps has them. (Node has a formatter of its own in this place, so that nobody's can be told from it.)
if (!process.sourceMapsEnabled) {
  Error.prepareStackTrace = (error, sites) =>
    [headOf(error), ...sites.map((site) => `    at ${frameOf(site)}`)].join('\n');
}
