import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { leaveOut, refusedIn } from './left-out.ts';

let assembly: string;
beforeEach(() => {
  assembly = mkdtempSync(join(tmpdir(), 'sluice-left-out-'));
});
afterEach(() => rmSync(assembly, { recursive: true }));

const hash = (text: string) => createHash('sha256').update(text).digest('hex');
const names = (refused: ReturnType<typeof refusedIn>) => refused.map(({ name }) => name);

function write(resources: object): void {
  const template = JSON.stringify({ Resources: resources });
  writeFileSync(join(assembly, 'app.template.json'), template);
  writeFileSync(join(assembly, 'app.assets.json'), `{"files":{"${hash(template)}":{}}}`);
}
const read = (file: string) => readFileSync(join(assembly, file), 'utf8');

it.each([
  [
    'Template format error: Unrecognized resource types: [AWS::CloudWatch::CompositeAlarm]',
    ['AWS::CloudWatch::CompositeAlarm'],
  ],
  [
    'x | CREATE_FAILED | AWS::CloudWatch::Alarm | metric math is not supported',
    ['AWS::CloudWatch::Alarm with metric math'],
  ],
  ['x | CREATE_FAILED | AWS::SQS::Queue | AWS::SQS::Queue is not supported', []],
  ['x | CREATE_COMPLETE | AWS::CloudWatch::Dashboard | overview', []],
])('reads what is refused: %s', (output, refused) => {
  expect(names(refusedIn(`deploying\n${output}\n`))).toEqual(refused);
});

it('takes out what is refused and what refers to it, and names the template anew', () => {
  write({
    Sum: { Type: 'AWS::CloudWatch::CompositeAlarm' },
    Shown: { Type: 'AWS::CloudWatch::Dashboard', Properties: { Body: { 'Fn::GetAtt': ['Sum', 'Arn'] } } },
    Work: { Type: 'AWS::SQS::Queue' },
  });
  const refused = refusedIn('Unrecognized resource types: [AWS::CloudWatch::CompositeAlarm]');
  expect(names(leaveOut(assembly, refused))).toEqual(['AWS::CloudWatch::CompositeAlarm', 'AWS::CloudWatch::Dashboard']);
  const template = read('app.template.json');
  expect(JSON.parse(template)).toEqual({ Resources: { Work: { Type: 'AWS::SQS::Queue' } } });
  expect(JSON.parse(read('app.assets.json'))).toEqual({ files: { [hash(template)]: {} } });
});

it('leaves nothing out that the system needs', () => {
  write({
    Sum: { Type: 'AWS::CloudWatch::CompositeAlarm' },
    Work: { Type: 'AWS::SQS::Queue', DependsOn: ['Sum'] },
  });
  const refused = refusedIn('Unrecognized resource types: [AWS::CloudWatch::CompositeAlarm]');
  expect(() => leaveOut(assembly, refused)).toThrow(
    'Work (AWS::SQS::Queue) cannot be left out, but refers to what the endpoint refuses',
  );
});
