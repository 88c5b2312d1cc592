import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Validations } from 'aws-cdk-lib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readAssembly, untransformed } from '../../../bin/apps/assembly-templates.ts';
import { SWITCHED_OFF_METADATA } from '../../../lib/constructs/channels/declared.ts';
import type { Template } from '../../../lib/lint/reading/templates.ts';

/** What is read of an assembly, whole: each member of it in each form that it may have, and beside it what only looks like one. */
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-read-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(files: Readonly<Record<string, unknown>>): string {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
}
const queue = (name: string, more: object = {}) => ({
  Resources: { [name]: { Type: 'AWS::SQS::Queue' }, ...more },
});
const nested = (TemplateURL: unknown, metadata?: object) => ({
  Type: 'AWS::CloudFormation::Stack',
  Properties: { TemplateURL },
  ...(metadata === undefined ? {} : { Metadata: metadata }),
});
const stack = (properties: object, more: object = {}) => ({ type: 'aws:cloudformation:stack', properties, ...more });
const told = ({ path, stackName, body, within, paths }: Template) => ({
  ...{ path, stackName, resources: Object.keys(body.Resources as object) },
  within: within === undefined ? undefined : `${within.template.path}: ${within.logicalId}`,
  paths: paths === undefined ? undefined : Object.fromEntries(paths),
});
function read(place = folder) {
  const { templates, ...others } = readAssembly(place);
  return { templates: templates.map(told), ...others };
}
/** What nothing more is said of. */
const plain = { stackName: undefined, within: undefined, paths: undefined };

describe('an assembly', () => {
  it('has a stack by the names that it says, or by its id', () => {
    write({
      'manifest.json': {
        artifacts: {
          Said: stack({ templateFile: 'elsewhere.json', stackName: 'shop-prod' }, { displayName: 'Prod/Shop' }),
          Unsaid: stack({}),
          Odd: stack({ templateFile: 7, stackName: 7 }, { displayName: 7 }),
          Tree: { type: 'cdk:tree', properties: { directoryName: 'none', file: 'tree.json' } },
          Assets: { type: 'cdk:asset-manifest', properties: { file: 'Said.assets.json' } },
          Nothing: null,
        },
      },
      'elsewhere.json': queue('A'),
      'Unsaid.template.json': queue('B'),
      'Odd.template.json': queue('C'),
      'other.template.json': queue('D'),
    });
    expect(read()).toEqual({
      templates: [
        { ...plain, path: 'Prod/Shop', stackName: 'shop-prod', resources: ['A'], paths: {} },
        { ...plain, path: 'Unsaid', stackName: 'Unsaid', resources: ['B'], paths: {} },
        { ...plain, path: 'Odd', stackName: 'Odd', resources: ['C'], paths: {} },
      ],
      ...{ acknowledgements: [], switchedOff: [] },
    });
  });

  it('says of constructs which resources they are, what was acknowledged and which alarms are off, in it or in a file apart', () => {
    const accepted = (reason: string) => ({
      type: Validations.ACKNOWLEDGED_RULES_METADATA_KEY,
      data: { 'Messaging-QueueWithoutDeadLetters': reason, 'Other-Rule': 'no' },
    });
    const off = (...data: string[]) => ({ type: SWITCHED_OFF_METADATA, data });
    const id = (data: unknown) => ({ type: 'aws:cdk:logicalId', data });
    const metadata = {
      '/Shop/Q/Resource': [id('Q1'), accepted('known')],
      '/Shop/Odd': [id(7), { type: 'aws:cdk:other', data: 'Q9' }],
      '/Shopping/Q': [id('Q8')],
      '/Shop/Inner/R/Resource': [id('R1')],
      '/Shop/Inner': [
        { type: 'aws:cdk:templateFile', data: 'inner.json' },
        { type: 'x', data: 'none.json' },
      ],
      '/Shop/Same': [{ type: 'aws:cdk:templateFile', data: 'shop.json' }],
      '/Shop/Odder': [{ type: 'aws:cdk:templateFile', data: 7 }],
    };
    const apart = { '/Shop/Sub': [off('age', 'depth')], '/Shop/T/Resource': [id('T1'), accepted(' later ')] };
    const files = {
      'manifest.json': {
        artifacts: {
          Shop: stack({ templateFile: 'shop.json' }, { metadata, additionalMetadataFile: 'apart.json' }),
          Bare: stack({ templateFile: 'bare.json' }, { additionalMetadataFile: 'none.json' }),
        },
      },
      'shop.json': queue('Q1', { Nest: nested('https://x/inner.json', { 'aws:asset:path': 'inner.json' }) }),
      'inner.json': queue('R1'),
      'bare.json': queue('Q2'),
    };
    write({ ...files, 'apart.json': apart });
    const rule = 'Messaging-QueueWithoutDeadLetters';
    const qualifiedId = rule;
    expect(read()).toEqual({
      templates: [
        {
          ...{ path: 'Shop', stackName: 'Shop', resources: ['Q1', 'Nest'], within: undefined },
          paths: { Q1: 'Shop/Q/Resource', T1: 'Shop/T/Resource' },
        },
        {
          ...{ path: 'Shop/Inner', resources: ['R1'], within: 'Shop: Nest', stackName: undefined },
          paths: { R1: 'Shop/Inner/R/Resource' },
        },
        { ...plain, path: 'Bare', stackName: 'Bare', resources: ['Q2'], paths: {} },
      ],
      acknowledgements: [
        { rule, qualifiedId, reason: 'known', path: 'Shop/Q/Resource' },
        { rule, qualifiedId, reason: 'later', path: 'Shop/T/Resource' },
      ],
      switchedOff: [{ path: 'Shop/Sub', kinds: ['age', 'depth'] }],
    });
  });

  it('has the stacks of its stages, each once, whatever leads back to it', () => {
    const stage = (directoryName: unknown) => ({ type: 'cdk:cloud-assembly', properties: { directoryName } });
    write({
      'manifest.json': {
        artifacts: { Top: stack({}), Prod: stage('assembly-prod'), Odd: stage(7), Self: stage('.') },
      },
      'Top.template.json': queue('A'),
      'assembly-prod/manifest.json': {
        artifacts: { Shop: stack({}), Inner: stage('inner'), Back: stage('..') },
      },
      'assembly-prod/Shop.template.json': queue('B'),
      'assembly-prod/inner/manifest.json': {
        artifacts: { Deep: stack({}), Up: stage('..'), Top: stage('../..'), Self: stage('../inner') },
      },
      'assembly-prod/inner/Deep.template.json': queue('C'),
    });
    expect(read().templates.map(({ path }) => path)).toEqual(['Top', 'Shop', 'Deep']);
  });

  it('leads to a nested stack by the key of its asset, by its path, or by a file beside it', () => {
    write({
      'manifest.json': { artifacts: { Shop: stack({}) } },
      'Shop.template.json': queue('A', {
        ByKey: nested({ 'Fn::Sub': `https://s3.\${AWS::URLSuffix}/bucket/abc.json` }),
        ByPath: nested('https://x/unknown.json', { 'aws:asset:path': 'by-path.json' }),
        Beside: nested('beside.json'),
        Elsewhere: nested('https://x/none.json'),
        AFolder: nested('assets'),
        NoText: nested({ 'Fn::GetAtt': ['A', 'Arn'] }),
        Odd: nested('https://x/none.json', { 'aws:asset:path': 7 }),
        NoStack: { Type: 'AWS::Other', Properties: { TemplateURL: 'beside.json' } },
      }),
      'Shop.assets.json': {
        files: {
          one: {
            source: { path: 'assets/one.json' },
            destinations: { here: { objectKey: 'prefix/abc.json' }, there: { objectKey: 7 } },
          },
          two: { source: { path: 7 }, destinations: { here: { objectKey: 'unknown.json' } } },
          three: {},
        },
      },
      'assets/one.json': queue('B'),
      'by-path.json': queue('C', { Deeper: nested('deep/er.json') }),
      'deep/er.json': queue('D', { Back: nested('../by-path.json'), Top: nested('../Shop.template.json') }),
      'beside.json': queue('E'),
    });
    expect(read().templates.map(({ path, within, resources }) => [path, within, resources[0]])).toEqual([
      ['Shop', undefined, 'A'],
      ['Shop/ByKey', 'Shop: ByKey', 'B'],
      ['Shop/ByPath', 'Shop: ByPath', 'C'],
      ['Shop/ByPath/Deeper', 'Shop/ByPath: Deeper', 'D'],
      ['Shop/Beside', 'Shop: Beside', 'E'],
    ]);
  });
});

describe('templates that somebody wrote', () => {
  it('are those of a folder with resources, by their names; what is within another is not there twice', () => {
    write({
      'app.yaml': 'Resources: { Parts: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: parts.yml } } }',
      'parts.yml': 'Resources: { Q: { Type: AWS::SQS::Queue } }',
      'other.template': JSON.stringify(queue('T')),
      'plain.json': queue('J'),
      // Not templates, though they have the word, or the ending.
      'notes.txt': 'Resources: {}',
      'broken.json': '{ no',
      'list.json': { Resources: [] },
      'words.yaml': 'text: about Resources',
      'package.json': {},
    });
    mkdirSync(join(folder, 'folder.json'));
    expect(read()).toEqual({
      templates: [
        { ...plain, path: 'app', resources: ['Parts'] },
        { ...plain, path: 'other', resources: ['T'] },
        { ...plain, path: 'plain', resources: ['J'] },
        { ...plain, path: 'app/Parts', resources: ['Q'], within: 'app: Parts' },
      ],
      acknowledgements: [],
    });
    expect(read(join(folder, 'app.yaml'))).toEqual({
      templates: [
        { ...plain, path: 'app', resources: ['Parts'] },
        { ...plain, path: 'app/Parts', resources: ['Q'], within: 'app: Parts' },
      ],
      acknowledgements: [],
    });
  });

  it('may be one file, without resources too', () => {
    write({ 'one.json': { Description: 'none' }, 'bad.json': { Resources: 'none' } });
    expect(readAssembly(join(folder, 'one.json'))).toEqual({
      templates: [{ path: 'one', body: { Description: 'none' } }],
      acknowledgements: [],
    });
    expect(() => readAssembly(join(folder, 'bad.json'))).toThrow('bad.json is no CloudFormation template: Resources');
    expect(() => readAssembly(folder)).toThrow(/holds neither a cloud assembly/);
  });
});

it.each([
  ['AWS::Serverless-2016-10-31', true],
  [['AWS::LanguageExtensions', 'AWS::Serverless-2016-10-31'], true],
  [['AWS::LanguageExtensions'], false],
  [{ Name: 'AWS::Include' }, false],
  [undefined, false],
])('what SAM makes of a template is not seen: transform %j: %s', (Transform, isUnseen) => {
  write({ 'sam.json': { ...queue('A'), Transform }, 'plain.json': queue('B') });
  expect(untransformed(readAssembly(folder))).toEqual(isUnseen ? ['sam'] : []);
});
