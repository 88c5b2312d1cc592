import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Resource types that an endpoint may refuse without a loss to the tests, and why. */
export const DISPENSABLE: Readonly<Record<string, string>> = {
  'AWS::EventSchemas::Registry': 'says in the account what events look like; nothing that runs reads it',
  'AWS::EventSchemas::Schema': 'says in the account what events look like; nothing that runs reads it',
  'AWS::CloudWatch::Dashboard': 'shows metrics to people; nothing that runs reads it',
};

interface Template {
  readonly Resources: Record<string, { readonly Type: string }>;
}

/** The dispensable types that a failed deployment complains about. */
export const refusedTypes = (complaint: string): string[] =>
  Object.keys(DISPENSABLE).filter((type) => complaint.includes(type));

/**
 * Takes resources out of the templates of an assembly. A template's asset is named by the hash of its contents, so it gets a new name.
 * @throws Error when something that stays refers to one of them
 */
export function leaveOut(assembly: string, types: readonly string[]): void {
  const files = readdirSync(assembly);
  for (const file of files.filter((name) => name.endsWith('.template.json'))) {
    const path = join(assembly, file);
    const before = readFileSync(path, 'utf8');
    const template = JSON.parse(before) as Template;
    const out = Object.entries(template.Resources).filter(([, { Type }]) => types.includes(Type));
    for (const [id] of out) delete template.Resources[id];
    const after = JSON.stringify(template, undefined, 1);
    const wanted = out.map(([id]) => id).filter((id) => after.includes(`"${id}"`));
    if (wanted.length > 0) {
      throw new Error(`${file}: ${wanted.join(', ')} cannot be left out: another resource refers to it`);
    }
    writeFileSync(path, after);
    rename(assembly, files, sha256(before), sha256(after));
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function rename(assembly: string, files: readonly string[], from: string, to: string): void {
  for (const file of files.filter((name) => name === 'manifest.json' || name.endsWith('.assets.json'))) {
    const path = join(assembly, file);
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(from, to));
  }
}
