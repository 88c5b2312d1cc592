import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { CfnRegistry, CfnSchema } from 'aws-cdk-lib/aws-eventschemas';
import { Construct } from 'constructs';
import type { AnyEventType } from '../../contracts/events/event.ts';
import { draft4 } from '../../contracts/schemas/json-schema-draft4.ts';
import {
  parseSnapshot,
  type SchemaSnapshot,
  SNAPSHOT_NAME,
  snapshotName,
} from '../../contracts/schemas/schema-snapshot.ts';
import { idByName } from '../stages/logical-ids.ts';
import { tagComponent } from '../stages/stage.ts';

/** Which events are registered, and where their snapshots are. */
export interface SchemaRegistryProps {
  /** The events of the system. */
  readonly events: readonly AnyEventType[];
  /** Folder of the committed snapshots: `schemas/`. */
  readonly folder: string;
}

/** Limits of a schema's content and name. https://docs.aws.amazon.com/eventbridge/latest/schema-reference/v1-registries-name-registryname-schemas-name-schemaname.html */
const MAX_CONTENT_CHARACTERS = 100_000;

/**
 * The committed schemas of a system in an EventBridge registry of the stack's name, where other teams find them and make code from
 * them. Every version is a schema of its own, `orders.order-placed.v2`, so that a name in an envelope's `dataschema` leads to exactly
 * one shape; the registry's own version numbers would count deployments.
 * @throws Error when the code's version of an event, or one it upcasts, is not committed
 */
export class SchemaRegistry extends Construct {
  readonly registry: CfnRegistry;
  readonly schemas: readonly CfnSchema[];

  constructor(scope: Construct, id: string, { events, folder }: SchemaRegistryProps) {
    super(scope, id);
    tagComponent(this, id);
    const { stackName } = Stack.of(this);
    this.registry = new CfnRegistry(this, 'Registry', {
      registryName: stackName,
      description: `Events of ${stackName}, one schema for each version`,
    });
    idByName(this.registry, 'events');
    this.schemas = snapshotsOf(events, folder).map((snapshot) => {
      const schema = new CfnSchema(this, `${snapshot.type}.v${snapshot.version}`, {
        registryName: stackName,
        schemaName: `${snapshot.type}.v${snapshot.version}`,
        type: 'JSONSchemaDraft4',
        description: `Data of ${snapshot.type} version ${snapshot.version}`,
        content: contentOf(snapshot),
      });
      schema.addResourceDependency(this.registry);
      return idByName(schema, `${snapshot.type}.v${snapshot.version}`);
    });
  }
}

/** Every committed version of the events, also of those that are no longer read: somebody may still hold one. */
function snapshotsOf(events: readonly AnyEventType[], folder: string): readonly SchemaSnapshot[] {
  const names = readdirSync(folder).filter((name) => SNAPSHOT_NAME.test(name));
  const missing = events
    .flatMap((event) => [...event.previous, event].map(({ version }) => snapshotName({ type: event.type, version })))
    .filter((name) => !names.includes(name));
  if (missing.length > 0) {
    throw new Error(
      `schema registry: ${missing.join(', ')} is not in ${folder}; a schema is committed before it is deployed. Run: npx sluice schema write`,
    );
  }
  return names
    .sort()
    .map((name) => parseSnapshot(name, readFileSync(join(folder, name), 'utf8')))
    .filter(({ type }) => events.some((event) => event.type === type));
}

function contentOf({ type, version, schema }: SchemaSnapshot): string {
  const title = `${type}.v${version}`;
  const content = JSON.stringify({ $schema: 'http://json-schema.org/draft-04/schema#', title, ...draft4(schema) });
  if (content.length > MAX_CONTENT_CHARACTERS) {
    throw new Error(
      `schema registry: '${title}' has ${content.length} characters, more than the ${MAX_CONTENT_CHARACTERS} that EventBridge takes. Split the event`,
    );
  }
  return content;
}
