import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { synthesise as synthesiseApp } from '../../../bin/apps/cdk-app.ts';
import { synthesise } from '../../../bin/apps/synth.ts';

vi.mock('../../../bin/apps/cdk-app.ts', () => ({ synthesise: vi.fn(async () => undefined) }));

it.each([
  ['made/cdk.out', join(process.cwd(), 'made/cdk.out')],
  ['/made/cdk.out', '/made/cdk.out'],
])('the app of this project is synthesised into %s from wherever the process is', async (output, place) => {
  await synthesise(output, 'dev-jo');
  expect(vi.mocked(synthesiseApp).mock.lastCall).toEqual([
    {
      folder: join(import.meta.dirname, '../../..'),
      command: `"${process.execPath}" "${join('bin', 'app.ts')}"`,
      output: place,
      context: { stage: 'dev-jo' },
    },
  ]);
});
