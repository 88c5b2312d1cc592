import { existsSync, type FSWatcher, readdirSync, watch } from 'node:fs';
import { join, matchesGlob, relative, sep } from 'node:path';
import type { CdkApp } from './cdk-app.ts';

/** Editors write a file in several steps: changes this close together are one. */
const SETTLE_MS = 50;
/** Never looked into: installed packages, hidden folders. */
const IGNORED = /^(node_modules|\..*)$/;

export interface FileWatcher {
  close(): void;
}

/**
 * Watches the files of an app, folder by folder, those to come included.
 * @param onChange is told the files that changed, relative to the app's folder
 */
export function watchFiles(
  { folder, output, watch: { include, exclude } }: CdkApp,
  onChange: (files: readonly string[]) => void,
): FileWatcher {
  const watchers = new Map<string, FSWatcher>();
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;

  const isWatched = (file: string): boolean =>
    include.some((glob) => matchesGlob(file, glob)) && !exclude.some((glob) => matchesGlob(file, glob));

  function tell(): void {
    const files = [...changed];
    changed.clear();
    onChange(files);
  }

  function note(path: string): void {
    const file = relative(folder, path).split(sep).join('/');
    if (file.split('/').some((part) => IGNORED.test(part)) || !isWatched(file)) return;
    changed.add(file);
    clearTimeout(timer);
    timer = setTimeout(tell, SETTLE_MS);
  }

  function stop(directory: string): void {
    for (const [path, watcher] of watchers) {
      if (path !== directory && !path.startsWith(directory + sep)) continue;
      watcher.close();
      watchers.delete(path);
    }
  }

  /** @param isNew its files have come with it: nobody has told of them */
  function add(directory: string, isNew: boolean): void {
    if (watchers.has(directory) || directory === output) return;
    let entries: ReturnType<typeof entriesOf>;
    try {
      entries = entriesOf(directory);
      const watcher = watch(directory, (_event, name) => {
        if (name === null) return;
        const path = join(directory, name);
        note(path);
        if (watchers.has(path) && !existsSync(path)) stop(path);
        else if (!IGNORED.test(name)) add(path, true);
      });
      // It was deleted, which is told as a change of the folder it was in.
      watcher.on('error', () => stop(directory));
      watchers.set(directory, watcher);
    } catch (error) {
      // A file, or gone again already.
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOTDIR' || code === 'ENOENT') return;
      throw error;
    }
    for (const entry of entries) {
      if (isNew && !entry.isDirectory()) note(join(directory, entry.name));
      if (entry.isDirectory() && !IGNORED.test(entry.name)) add(join(directory, entry.name), isNew);
    }
  }

  add(folder, false);
  return {
    close() {
      clearTimeout(timer);
      stop(folder);
    },
  };
}

const entriesOf = (directory: string) => readdirSync(directory, { withFileTypes: true });
