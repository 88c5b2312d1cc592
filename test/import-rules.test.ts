import { execFile } from 'node:child_process';
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** Who may import whom (docs/architecture.md), as the linter holds it: forbidden and allowed imports of each part of the house. */
const ROOT = join(import.meta.dirname, '..');
const BIOME = join(ROOT, 'node_modules', '.bin', 'biome');

interface Layer {
  readonly file: string;
  readonly forbidden: readonly string[];
  readonly allowed: readonly string[];
}

const CDK = ['aws-cdk-lib', 'aws-cdk-lib/aws-sqs', 'constructs'];

const LAYERS: readonly Layer[] = [
  {
    file: 'lib/contracts/probe.ts',
    forbidden: [
      '../runtime/x.ts',
      '../lint/x.ts',
      '../constructs/x.ts',
      '../operations/x.ts',
      '../local/x.ts',
      '../systems/orders/contract.ts',
      '../../lambdas/orders/x.ts',
      '@aws-sdk/client-sqs',
      '@middy/core',
      ...CDK,
    ],
    allowed: ['./event.ts', '@standard-schema/spec', 'node:crypto'],
  },
  {
    file: 'lib/formats/probe.ts',
    forbidden: [
      ...[
        '../contracts/x.ts',
        '../runtime/x.ts',
        '../lint/x.ts',
        '../constructs/x.ts',
        '../operations/x.ts',
        '../local/x.ts',
      ],
      ...['../systems/orders/contract.ts', '../../lambdas/orders/x.ts', '@aws-sdk/client-sqs', '@middy/core', ...CDK],
    ],
    allowed: ['./xml.ts', 'node:crypto'],
  },
  {
    file: 'lib/runtime/probe.ts',
    forbidden: [
      '../lint/x.ts',
      '../constructs/x.ts',
      '../operations/x.ts',
      '../local/x.ts',
      '../systems/orders/contract.ts',
      '../../lambdas/orders/x.ts',
      'node:timers/promises',
      'node:timers',
      '../testing/index.ts',
      ...CDK,
    ],
    allowed: ['./inbox.ts', '../contracts/event.ts', '@aws-sdk/client-sqs', '@middy/core'],
  },
  {
    file: 'lib/testing/source/probe.ts',
    forbidden: [
      '../../lint/x.ts',
      '../../constructs/x.ts',
      '../../operations/x.ts',
      '../../local/dispatch.ts',
      '../../systems/orders/contract.ts',
      '../../../lambdas/orders/x.ts',
      'vitest',
      '@middy/core',
      ...CDK,
    ],
    allowed: [
      '../account/account.ts',
      '../../contracts/events/event.ts',
      '../../runtime/consuming/consume.ts',
      '../../local/mappings/delivery/response.ts',
      '../../local/mappings/streams/stream-batch.ts',
      'node:async_hooks',
    ],
  },
  {
    file: 'lib/constructs/probe.ts',
    forbidden: [
      '../lint/x.ts',
      '../runtime/x.ts',
      '../operations/x.ts',
      '../local/x.ts',
      '../systems/orders/contract.ts',
      '../../lambdas/orders/x.ts',
      '@aws-sdk/client-sqs',
      '@aws-sdk/lib-dynamodb',
      '@middy/core',
    ],
    allowed: ['./stage.ts', '../contracts/event.ts', 'aws-cdk-lib', 'aws-cdk-lib/aws-sqs', 'constructs', 'esbuild'],
  },
  {
    file: 'lib/lint/rules/probe.ts',
    forbidden: [
      '../../runtime/x.ts',
      '../../operations/x.ts',
      '../../local/x.ts',
      '../../systems/orders/contract.ts',
      '../../../lambdas/orders/x.ts',
      '@aws-sdk/client-sqs',
      '@middy/core',
    ],
    allowed: ['../graph.ts', '../../constructs/declared.ts', '../../contracts/limits.ts', 'aws-cdk-lib', 'constructs'],
  },
  {
    file: 'lib/operations/probe.ts',
    forbidden: [
      '../constructs/x.ts',
      '../local/x.ts',
      '../systems/orders/contract.ts',
      '../../lambdas/orders/x.ts',
      ...CDK,
      '@middy/core',
    ],
    allowed: ['./pace.ts', '../contracts/event.ts', '../runtime/publish.ts', '@aws-sdk/client-sqs'],
  },
  {
    file: 'lib/local/deep/probe.ts',
    forbidden: [
      '../../contracts/event.ts',
      '../../runtime/x.ts',
      '../../constructs/x.ts',
      '../../operations/x.ts',
      '../../systems/orders/contract.ts',
      '../../../lambdas/orders/x.ts',
      ...CDK,
      '@middy/core',
    ],
    allowed: ['./x.ts', '../messaging.ts', '../lambda/api.ts', '@aws-sdk/client-sqs', 'dynalite', 'node:http'],
  },
  {
    file: 'lib/systems/probe/contract.ts',
    forbidden: [
      '../../runtime/x.ts',
      '../../constructs/x.ts',
      '../../operations/x.ts',
      '../../local/x.ts',
      './stack.ts',
      './tools/samples.ts',
      '../../../lambdas/orders/x.ts',
      '@aws-sdk/client-sqs',
      '@middy/core',
      ...CDK,
    ],
    allowed: ['../../contracts/event.ts', './request.ts', 'valibot'],
  },
  {
    file: 'lib/systems/probe/request.ts',
    forbidden: ['../../runtime/x.ts', '../../constructs/x.ts', '@aws-sdk/client-sqs'],
    allowed: ['./contract.ts', '../../contracts/event.ts', 'valibot'],
  },
  {
    file: 'lib/systems/probe/system.ts',
    forbidden: [
      ...['../../lint/x.ts', '../../runtime/x.ts', '../../constructs/x.ts', '../../local/x.ts'],
      ...['../../../lambdas/orders/x.ts', '@aws-sdk/client-sqs', '@middy/core', ...CDK],
    ],
    // The linter takes import() for an import: that stack and tools come no other way is looked up below.
    allowed: ['./contract.ts', '../house-system.ts', '../../contracts/system.ts', '../../operations/systems/system.ts'],
  },
  {
    file: 'lib/systems/probe/stack.ts',
    forbidden: [
      '../../lint/x.ts',
      '../../runtime/x.ts',
      '../../operations/x.ts',
      '../../local/x.ts',
      './tools/samples.ts',
      '../../../lambdas/orders/x.ts',
      '@aws-sdk/client-sqs',
      '@middy/core',
    ],
    allowed: [
      './contract.ts',
      '../../constructs/work-queue.ts',
      '../../contracts/duration.ts',
      'aws-cdk-lib',
      'aws-cdk-lib/aws-s3',
      'constructs',
    ],
  },
  {
    file: 'lib/systems/probe/tools/probe.ts',
    forbidden: [
      '../../../constructs/x.ts',
      '../../../local/x.ts',
      '../stack.ts',
      '../../../../lambdas/orders/x.ts',
      ...CDK,
      '@middy/core',
    ],
    allowed: [
      './samples.ts',
      '../contract.ts',
      '../../../contracts/event.ts',
      '../../../operations/pace.ts',
      '../../../runtime/publish.ts',
      '@aws-sdk/client-sqs',
    ],
  },
  {
    file: 'lambdas/probe/probe.ts',
    forbidden: [
      '../../lib/lint/x.ts',
      '../../lib/constructs/x.ts',
      '../../lib/operations/x.ts',
      '../../lib/local/x.ts',
      '../../lib/systems/orders/stack.ts',
      '../../lib/systems/orders/tools/samples.ts',
      ...CDK,
    ],
    allowed: [
      './parts/x.ts',
      '../../lib/runtime/consuming/consume.ts',
      '../../lib/contracts/event.ts',
      '../../lib/systems/orders/contract.ts',
      '../../lib/systems/orders/request.ts',
      '@aws-sdk/client-s3',
    ],
  },
  { file: 'lib/console/probe.ts', forbidden: [], allowed: ['../operations/pace.ts'] },
];

/** Nobody but the command line and the tests knows these. */
const APP = (file: string): string[] => {
  const up = '../'.repeat(file.split('/').length - 1);
  return [`${up}bin/sluice.ts`, `${up}test/x.ts`];
};

const PROBES = LAYERS.flatMap(({ file, forbidden, allowed }, layer) =>
  [
    ...[...forbidden, ...APP(file)].map((specifier) => ({ specifier, expected: 'forbidden' as const })),
    ...allowed.map((specifier) => ({ specifier, expected: 'allowed' as const })),
  ].map((probe, i) => ({
    ...probe,
    layer: file,
    file: file.includes('/probe.ts')
      ? file.replace('probe.ts', `probe-${layer}-${i}.ts`)
      : file.replace('/probe/', `/probe-${i}/`),
  })),
);

const CYCLE = {
  'lib/contracts/one.ts': './two.ts',
  'lib/contracts/two.ts': './three.ts',
  'lib/contracts/three.ts': './one.ts',
};
/** Circles of types are none for what runs, but rooms grow together by them. */
const CYCLE_OF_TYPES = { 'lib/local/four.ts': './five.ts', 'lib/local/five.ts': './four.ts' };

interface Report {
  readonly diagnostics: readonly {
    readonly category: string;
    readonly message: unknown;
    readonly location: { readonly path: string };
  }[];
}

let folder: string;
let report: Report;

/** Files with a complaint of a rule. */
const complaints = (rule: string): ReadonlySet<string> =>
  new Set(report.diagnostics.filter(({ category }) => category === rule).map(({ location }) => location.path));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-imports-'));
  for (const name of ['biome.json', 'biome.import-rules.json']) cpSync(join(ROOT, name), join(folder, name));
  writeFileSync(join(folder, '.gitignore'), 'node_modules\n');
  const put = (file: string, text: string) => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  for (const { file, specifier } of PROBES) put(file, `import '${specifier}';\n`);
  for (const [file, next] of Object.entries(CYCLE))
    put(file, `import { x as y } from '${next}';\nexport const x: number = y;\n`);
  for (const [file, next] of Object.entries(CYCLE_OF_TYPES))
    put(file, `import type { X as Y } from '${next}';\nexport interface X {\n  readonly y: Y;\n}\n`);
  report = await new Promise((resolve, reject) => {
    const args = ['lint', '--reporter=json', '--max-diagnostics=none', '.'];
    execFile(BIOME, args, { cwd: folder, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      // Biome ends with 1 when it has something to say; that is what is asked for.
      if (error !== null && error.code !== 1) reject(new Error(`biome failed: ${stderr}`, { cause: error }));
      else resolve(JSON.parse(stdout));
    });
  });
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('who may import whom', () => {
  it.each(PROBES.map(({ layer, specifier, expected, file }) => [layer, specifier, expected, file] as const))(
    '%s: %s is %s',
    (_layer, _specifier, expected, file) => {
      expect(complaints('lint/style/noRestrictedImports').has(file) ? 'forbidden' : 'allowed').toBe(expected);
    },
  );

  it.each(globSync('lib/systems/*/system.ts', { cwd: ROOT }))('%s loads neither stack nor tools by itself', (file) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const loaded = [...text.matchAll(/^(?:import|export)\b[^;]*?from\s*'(?<path>[^']+)'|^import\s*'(?<bare>[^']+)'/gm)];
    const paths = loaded.map(({ groups }) => groups?.path ?? groups?.bare ?? '');
    expect(paths).toContain('./contract.ts');
    expect(paths.filter((path) => /^\.\/(?:stack\.ts|tools\/)/.test(path))).toEqual([]);
  });

  it('no file imports itself through others, not even by types', () => {
    const files = [...Object.keys(CYCLE), ...Object.keys(CYCLE_OF_TYPES)];
    expect([...complaints('lint/suspicious/noImportCycles')].sort()).toEqual(files.sort());
  });
});
