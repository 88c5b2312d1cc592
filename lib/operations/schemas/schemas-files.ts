import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeclaredSchemas } from '../../contracts/schemas/evolution.ts';
import { meaningOf, sameJson } from '../../contracts/schemas/json-schema.ts';
import {
  parseSnapshot,
  type SchemaSnapshot,
  SNAPSHOT_NAME,
  snapshotName,
  snapshotText,
} from '../../contracts/schemas/schema-snapshot.ts';

/**
 * The committed snapshots of a folder; none when there is no folder yet.
 * @throws Error naming the file that is broken
 */
export async function readSnapshots(folder: string): Promise<readonly SchemaSnapshot[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const files = names.filter((name) => SNAPSHOT_NAME.test(name)).sort();
  return Promise.all(files.map(async (name) => parseSnapshot(name, await readFile(join(folder, name), 'utf8'))));
}

/** What is to happen to one file. */
export interface PlannedSnapshot {
  readonly snapshot: SchemaSnapshot;
  /**
   * `new`: no such file. `same`: nothing to do. `facts`: the same data, other channels or another retention.
   * `overwrite`: other data than was committed.
   */
  readonly change: 'new' | 'same' | 'facts' | 'overwrite';
}

/** What writing would do, file by file. */
export function planSnapshots(
  declared: readonly DeclaredSchemas[],
  committed: readonly SchemaSnapshot[],
  now: Date,
): readonly PlannedSnapshot[] {
  return declared.flatMap(({ type, versions, channels, retentionDays }) =>
    versions.map(({ version, schema }) => {
      const before = committed.find((one) => one.type === type && one.version === version);
      const since = before?.since ?? now.toISOString().slice(0, 10);
      const snapshot: SchemaSnapshot = { type, version, since, channels, retentionDays, schema };
      return { snapshot, change: before === undefined ? 'new' : changeOf(before, snapshot) };
    }),
  );
}

function changeOf(before: SchemaSnapshot, after: SchemaSnapshot): PlannedSnapshot['change'] {
  if (!sameJson(meaningOf(before.schema), meaningOf(after.schema))) return 'overwrite';
  return snapshotText(before) === snapshotText(after) ? 'same' : 'facts';
}

export async function writeSnapshots(folder: string, snapshots: readonly SchemaSnapshot[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const snapshot of snapshots) await writeFile(join(folder, snapshotName(snapshot)), snapshotText(snapshot));
}
