import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/** What an endpoint may refuse without a loss to the tests. */
export interface Dispensable {
  readonly name: string;
  /** Why the tests can do without: completes "it ...". */
  readonly why: string;
  readonly is: (resource: Resource) => boolean;
  /** Whether a line of the deployment's output refuses it. */
  readonly refusedBy: (line: string) => boolean;
}

const REFUSAL = /unrecognized|unsupported|not supported|CREATE_FAILED/i;

const type = (name: string, why: string): Dispensable => ({
  name,
  why,
  is: ({ Type }) => Type === name,
  refusedBy: (line) => REFUSAL.test(line) && new RegExp(`${name}\\b`).test(line),
});

const ALARM = 'AWS::CloudWatch::Alarm';

/** MiniStack takes it, and waits an hour for an answer: the CDK's function gives it over HTTPS only, and wants Lambda's copy of the SDK. */
export const EMPTIER: Dispensable = type(
  'Custom::S3AutoDeleteObjects',
  'empties the buckets before they are deleted, which the tests do where it is left out',
);

export const DISPENSABLE: readonly Dispensable[] = [
  EMPTIER,
  type('AWS::EventSchemas::Registry', 'says in the account what events look like; nothing that runs reads it'),
  type('AWS::EventSchemas::Schema', 'says in the account what events look like; nothing that runs reads it'),
  {
    name: `${ALARM} with metric math`,
    why: 'tells people; nothing that runs reads it',
    is: ({ Type, Properties }) => Type === ALARM && Properties?.Metrics !== undefined,
    refusedBy: (line) => REFUSAL.test(line) && line.includes(ALARM) && line.includes('metric math'),
  },
  type('AWS::CloudWatch::CompositeAlarm', 'sums other alarms up for people; nothing that runs reads it'),
  type('AWS::CloudWatch::Dashboard', 'shows metrics to people; nothing that runs reads it'),
];

/** What a failed deployment complains about and the tests can do without. */
export const refusedIn = (output: string): readonly Dispensable[] =>
  DISPENSABLE.filter(({ refusedBy }) => output.split('\n').some(refusedBy));

/**
 * Takes resources out of the templates of an assembly, and dispensable ones that refer to them. A template's asset is named by the hash of
 * its contents, so it gets a new name.
 * @returns what was taken out
 * @throws Error when something that has to stay refers to one of them
 */
export function leaveOut(assembly: string, refused: readonly Dispensable[]): readonly Dispensable[] {
  const files = readdirSync(assembly);
  const out = new Set<Dispensable>();
  for (const file of files.filter((name) => name.endsWith('.template.json'))) {
    const path = join(assembly, file);
    const before = readFileSync(path, 'utf8');
    const template = JSON.parse(before) as { readonly Resources: Record<string, Resource> };
    for (const one of takeOut(template.Resources, (resource) => refused.some(({ is }) => is(resource)))) out.add(one);
    const after = JSON.stringify(template, undefined, 1);
    writeFileSync(path, after);
    rename(assembly, files, sha256(before), sha256(after));
  }
  return [...out];
}

function takeOut(resources: Record<string, Resource>, goes: (resource: Resource) => boolean): Dispensable[] {
  const gone = Object.entries(resources).filter(([, resource]) => goes(resource));
  if (gone.length === 0) return [];
  const named = gone.map(([id, resource]) => {
    const found = DISPENSABLE.find(({ is }) => is(resource));
    if (found === undefined)
      throw new Error(`${id} (${resource.Type}) cannot be left out, but refers to what the endpoint refuses`);
    delete resources[id];
    return found;
  });
  const refers = (resource: Resource): boolean => {
    const text = JSON.stringify(resource);
    return gone.some(([id]) => text.includes(`"${id}"`));
  };
  return [...named, ...takeOut(resources, refers)];
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function rename(assembly: string, files: readonly string[], from: string, to: string): void {
  for (const file of files.filter((name) => name === 'manifest.json' || name.endsWith('.assets.json'))) {
    const path = join(assembly, file);
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(from, to));
  }
}
