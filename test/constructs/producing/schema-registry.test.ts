import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SchemaRegistry } from '../../../lib/constructs/producing/schema-registry.ts';
import type { JsonSchema } from '../../../lib/contracts/schemas/json-schema.ts';
import { snapshotName, snapshotText } from '../../../lib/contracts/schemas/schema-snapshot.ts';
import { inertTypes } from '../../../lib/local/provision/inert.ts';
import { TicketClosed, TicketOpened } from '../../contracts/sample-declarations.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-registry-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function commit(
  name: string,
  ...versions: readonly (readonly [type: string, version: number, schema: JsonSchema])[]
): string {
  const at = join(folder, name);
  mkdirSync(at);
  for (const [type, version, schema] of versions) {
    const snapshot = { type, version, since: '2026-11-20', channels: [], retentionDays: 1, schema };
    writeFileSync(join(at, snapshotName(snapshot)), snapshotText(snapshot));
  }
  return at;
}

function deploy(events: ConstructorParameters<typeof SchemaRegistry>[2]['events'], at: string): Template {
  const stack = new Stack(new App(), 'test-tickets');
  new SchemaRegistry(stack, 'schemas', { events, folder: at });
  return Template.fromStack(stack);
}

describe('SchemaRegistry', () => {
  it('deploys every committed version of its events, in draft 4, after the registry', () => {
    const at = commit(
      'good',
      ['tickets.ticket-closed', 1, { type: 'object', properties: { kind: { const: 'x' } } }],
      ['tickets.ticket-closed', 2, true],
      ['tickets.ticket-opened', 1, true],
      ['others.thing-done', 1, true],
    );
    const template = deploy([TicketClosed, TicketOpened], at);
    template.hasResourceProperties('AWS::EventSchemas::Registry', { RegistryName: 'test-tickets' });
    template.resourceCountIs('AWS::EventSchemas::Schema', 3);
    template.hasResource('AWS::EventSchemas::Schema', {
      Properties: {
        RegistryName: 'test-tickets',
        SchemaName: 'tickets.ticket-closed.v1',
        Type: 'JSONSchemaDraft4',
        Content: JSON.stringify({
          $schema: 'http://json-schema.org/draft-04/schema#',
          title: 'tickets.ticket-closed.v1',
          type: 'object',
          properties: { kind: { enum: ['x'] } },
        }),
      },
      DependsOn: [Match.stringLikeRegexp('^EventsRegistry')],
    });
  });

  it('refuses to deploy what is not committed', () => {
    const at = commit('missing', ['tickets.ticket-closed', 1, true]);
    expect(() => deploy([TicketClosed], at)).toThrow(
      `schema registry: tickets.ticket-closed.v2.json is not in ${at}; a schema is committed before it is deployed. Run: npx sluice schema write`,
    );
  });

  it('refuses a schema that EventBridge would not take', () => {
    const at = commit('large', ['tickets.ticket-opened', 1, { description: 'x'.repeat(100_000) }]);
    expect(() => deploy([TicketOpened], at)).toThrow(
      /'tickets\.ticket-opened\.v1' has 100\d{3} characters, more than the 100000/,
    );
  });
});

describe('the engine', () => {
  const context = { region: 'eu-west-1', accountId: '123456789012' };
  it.each([
    [
      'AWS::EventSchemas::Registry',
      { RegistryName: 'mine' },
      'arn:aws:schemas:eu-west-1:123456789012:registry/mine',
      'RegistryArn',
    ],
    [
      'AWS::EventSchemas::Schema',
      { RegistryName: 'mine', SchemaName: 'a.b.v1' },
      'arn:aws:schemas:eu-west-1:123456789012:schema/mine/a.b.v1',
      'SchemaArn',
    ],
  ])('takes %s and changes nothing', (type, properties, ref, attribute) => {
    const request = { stackName: 'test', logicalId: 'Thing', properties, context };
    const made = inertTypes[type]?.create(request as unknown as Parameters<(typeof inertTypes)[string]['create']>[0]);
    expect(made).toMatchObject({ physicalId: ref, attributes: { [attribute]: ref } });
  });
});
