import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { JsonObject } from '../../../lib/local/json.ts';

/** Directories of this file's cases, which run side by side. */
const made: string[] = [];
afterAll(() => {
  for (const directory of made) rmSync(directory, { recursive: true, force: true });
});

/** A cloud assembly with one stack, for cases that start or deploy on their own. Gone when the file is done. */
export function assemblyOf(Resources: JsonObject, name = 'app'): string {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-conformance-'));
  made.push(directory);
  const templateFile = `${name}.template.json`;
  const artifacts = { [name]: { type: 'aws:cloudformation:stack', properties: { templateFile } } };
  writeFileSync(join(directory, 'manifest.json'), JSON.stringify({ version: '55.0.0', artifacts }));
  writeFileSync(join(directory, templateFile), JSON.stringify({ Resources }));
  return directory;
}
