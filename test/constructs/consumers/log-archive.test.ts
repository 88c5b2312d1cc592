import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SystemAlarms } from '../../../lib/constructs/alarms/system-alarms.ts';
import { EventLog } from '../../../lib/constructs/channels/event-log.ts';
import { LogArchive, type LogArchiveProps } from '../../../lib/constructs/consumers/log-archive.ts';
import { InboxTable } from '../../../lib/constructs/stores/inbox-table.ts';
import { messagingKey } from '../../../lib/constructs/stores/messaging-key.ts';
import { log } from '../../../lib/contracts/channels/log.ts';
import { days, hours } from '../../../lib/contracts/declaring/duration.ts';
import { subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import { events, ticketLog } from '../../contracts/sample-declarations.ts';

let code: string;
beforeAll(() => {
  code = mkdtempSync(join(tmpdir(), 'sluice-archive-'));
  writeFileSync(join(code, 'index.mjs'), 'export const handler = async () => undefined;\n');
});
afterAll(() => rmSync(code, { recursive: true }));

const keep = subscription('keep', { to: ticketLog, guarantee: 'exactly-once-aggregation' });

function archived(props: Partial<LogArchiveProps> = {}, stage = 'dev', declared = keep) {
  const stack = new Stack(new App({ context: { stage } }), 'test-tickets');
  const archive = new LogArchive(stack, declared, {
    code,
    inbox: new InboxTable(stack, 'inbox'),
    alarms: new SystemAlarms(stack, 'alarms', { key: messagingKey(stack) }),
    log: new EventLog(stack, ticketLog),
    ...props,
  });
  return { stack, archive, template: () => Template.fromStack(stack) };
}

const COLD = { StorageClass: 'GLACIER_IR', TransitionInDays: 90 };

describe('an archive', () => {
  it.each<[string, string, Partial<LogArchiveProps>, object | undefined]>([
    ['expires after 30 days where nothing is kept', 'dev', {}, { ExpirationInDays: 30 }],
    ['stays, and gets cold after 90 days, where data is kept', 'prod', {}, { Transitions: [COLD] }],
    [
      'does both where it is told to',
      'prod',
      { expireAfter: days(400), coldAfter: days(100) },
      { ExpirationInDays: 400, Transitions: [{ ...COLD, TransitionInDays: 100 }] },
    ],
    ['does not get cold when it is gone by then', 'prod', { expireAfter: days(90) }, { ExpirationInDays: 90 }],
  ])('%s', (_, stage, props, rule) => {
    const { template } = archived(props, stage);
    template().hasResource('AWS::S3::Bucket', {
      DeletionPolicy: stage === 'prod' ? 'RetainExceptOnCreate' : 'Delete',
      Properties: {
        LifecycleConfiguration: { Rules: [{ ...rule, Status: 'Enabled' }] },
        PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true },
        BucketEncryption: Match.anyValue(),
      },
    });
    expect(JSON.stringify(template().findResources('AWS::S3::BucketPolicy'))).toContain('aws:SecureTransport');
  });

  it('may write and look at objects of its log, and nothing else in the bucket', () => {
    const { stack, archive, template } = archived();
    const statements = Object.values(template().findResources('AWS::IAM::Policy'))
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement as { Action: string[]; Resource: unknown }[])
      .filter(({ Action }) => [Action].flat().some((action) => action.startsWith('s3:')));
    expect(statements).toEqual([
      {
        Effect: 'Allow',
        Action: ['s3:PutObject', 's3:GetObject'],
        Resource: stack.resolve(archive.bucket.arnForObjects('log=ticket-log/*')),
      },
    ]);
    // It gives nothing up by itself, so that it needs no bucket for what a dead letter cannot hold.
    expect(stack.node.tryFindChild('DeadLetterBodies')).toBe(undefined);
    template().hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'test-tickets-keep',
      Environment: { Variables: { SLUICE_ARCHIVE_BUCKET: stack.resolve(archive.bucket.bucketName) } },
    });
  });

  it.each<[string, () => unknown, string]>([
    [
      'another guarantee',
      () => archived({}, 'dev', subscription('keep', { to: ticketLog })),
      "archive 'keep' is declared with guarantee 'at-least-once'; archive() keeps the position of each shard, so declare guarantee: 'exactly-once-aggregation'",
    ],
    [
      'half a day',
      () => archived({ expireAfter: hours(12) }),
      "archive 'keep': expireAfter must be whole days, 1 or more (given 43200 s); write for example expireAfter: days(30)",
    ],
    ['no time at all', () => archived({ coldAfter: days(0) }), "archive 'keep': coldAfter must be whole days"],
    [
      'objects that get cold when they are gone',
      () => archived({ coldAfter: days(30) }),
      "archive 'keep': coldAfter (30 days) must be shorter than expireAfter (30 days); leave it out, or keep objects for longer",
    ],
    [
      'another log',
      () =>
        archived(
          {},
          'dev',
          subscription('keep', { to: log('other', { events }), guarantee: 'exactly-once-aggregation' }),
        ),
      "subscription 'keep' is declared on log 'other' but is wired to 'ticket-log'",
    ],
  ])('is refused with %s', (_, make, message) => {
    expect(make).toThrow(message);
  });
});

it('docs/patterns/archive.md shows what the integration test runs', () => {
  const root = join(import.meta.dirname, '../../..');
  const page = readFileSync(join(root, 'docs/patterns/archive.md'), 'utf8');
  const shown = [...page.matchAll(/<!-- (?<file>test\/\S+) -->\n```ts\n(?<code>[\s\S]*?)```/g)];
  expect(shown).toHaveLength(3);
  for (const { groups = {} } of shown)
    expect(readFileSync(join(root, groups.file ?? ''), 'utf8'), groups.file).toContain(groups.code);
});
