import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { rehearsed } from './rehearsed.ts';

const block = (...lines: readonly string[]): string => ['```sh', ...lines, '```', ''].join('\n');

it('a rehearsal leaves out what is for AWS only, by block and by line, and the start of the engine', () => {
  const page = [
    'The CDK is marked *AWS only*.\n',
    block('npx cdk synth -c stage=dev-alice', 'npx sluice local --account new   # and in another terminal'),
    'More. *AWS only*, and it takes days:\n',
    block('aws service-quotas list'),
    'Then:\n',
    block('npx cdk bootstrap      # AWS only', 'npx sluice lint'),
  ].join('\n');
  expect(rehearsed(page)).toEqual(['npx cdk synth -c stage=dev-alice', 'npx sluice lint']);
});

it('nothing that only AWS can do is in the rehearsal of the first deployment', () => {
  const commands = rehearsed(readFileSync(join(import.meta.dirname, '../../docs/first-deploy.md'), 'utf8')).join('\n');
  expect(commands).not.toMatch(/cdk (deploy|destroy|bootstrap)|service-quotas/);
  expect(commands).toMatch(/sluice quotas[\s\S]*sesv2[\s\S]*sluice plan[\s\S]*produce orders[\s\S]*cost --idle/);
});
