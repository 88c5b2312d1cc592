import type { AwsCalls } from '../../call.ts';
import type { CloudWatch } from '../../cloudwatch/cloudwatch.ts';
import type { EventBus } from '../../events/bus.ts';
import type { Json, JsonObject } from '../../json.ts';
import type { AsyncInvocations } from '../../lambda/async-invocations.ts';
import type { Functions } from '../../lambda/functions.ts';
import type { LogStore } from '../../logs/log-store.ts';
import type { Mappings } from '../../mappings/mappings.ts';
import type { Schedules } from '../../schedules/schedules.ts';
import type { Services } from '../../services.ts';
import type { DeployedResource, ProvisionedResource } from './deployed-resource.ts';

export type { ProvisionedResource } from './deployed-resource.ts';

/** What provisioning a resource can use. */
export interface ProvisionContext {
  readonly services: Services;
  readonly calls: AwsCalls;
  readonly functions: Functions;
  readonly asyncInvocations: AsyncInvocations;
  readonly mappings: Mappings;
  readonly schedules: Schedules;
  readonly events: EventBus;
  readonly cloudwatch: CloudWatch;
  readonly logs: LogStore;
  readonly region: string;
  readonly accountId: string;
  /** Directory for code that templates hold inline; removed when the engine closes. */
  readonly scratch: string;
  /** Says something once to whoever started the engine. */
  readonly notice: (text: string) => void;
  /** Policy documents of the managed policies in the assembly, by ARN. */
  readonly managedPolicies: Map<string, Json>;
  /** ARNs of the roles in the assembly, by name. */
  readonly roles: Map<string, string>;
}

/** One resource about to be created. */
export interface ResourceRequest {
  readonly stackName: string;
  readonly logicalId: string;
  readonly type: string;
  /** Properties with every intrinsic function worked out. */
  readonly properties: JsonObject;
  /** File assets of the stack, by the key they are uploaded under. */
  readonly assets: ReadonlyMap<string, string>;
  readonly context: ProvisionContext;
  /** How many resources of this logical id there were before: another one must have another generated name. */
  readonly generation: number;
  /** Its creation was begun when the engine was killed: what is there already is this one. */
  readonly resumes: boolean;
}

/** How resources of one type come, change and go. */
export interface Provisioner {
  /** What it makes outlives the engine in the data directory. What does not is created anew whenever the engine starts. */
  readonly durable?: boolean;
  /** Properties whose change makes another resource: "Update requires: Replacement" in CloudFormation's reference of the type. */
  readonly replacedBy?: readonly string[];
  /** The property that names it. */
  readonly nameProperty?: string;
  /** Whether there is one of this name already, where creating another does not say so. */
  isTaken?(name: string, context: ProvisionContext): Promise<boolean> | boolean;
  create(request: ResourceRequest): Promise<ProvisionedResource> | ProvisionedResource;
  /**
   * Changes a resource in place; properties of the last template that are no longer there get their defaults.
   * Without it a resource is created again over itself.
   */
  update?(request: ResourceRequest, before: DeployedResource): Promise<ProvisionedResource> | ProvisionedResource;
  /** For durable types: configures anew, when the engine starts, what of an unchanged resource is kept in memory only. */
  restore?(request: ResourceRequest, before: DeployedResource): Promise<void> | void;
  /** Deletes it. Without it there is nothing to delete. */
  remove?(resource: DeployedResource, context: ProvisionContext): Promise<void> | void;
  /** What would be lost with it, in words (`12 messages`); undefined: nothing. */
  contents?(resource: DeployedResource, context: ProvisionContext): Promise<string | undefined>;
}

/** How the engine provisions one type of CloudFormation resource. */
export interface ResourceType extends Provisioner {
  /** Properties that have their effect. */
  readonly handled: readonly string[];
  /** Properties that make no difference on this machine (tags, encryption at rest, backups). */
  readonly harmless?: readonly string[];
  /** Properties that are accepted without their effect; the sentence is told once. */
  readonly noted?: Readonly<Record<string, string>>;
  /** Why a property is refused; properties in none of the tables are refused too. */
  readonly refused?: Readonly<Record<string, string>>;
}

/** A resource cannot be provisioned; the message names stack, logical id, type and what to do. */
export class ProvisionError extends Error {
  override readonly name = 'ProvisionError';
}

/** The error for one resource. */
export function provisionError(
  where: { stackName: string; logicalId: string; type: string },
  message: string,
): ProvisionError {
  return new ProvisionError(`Stack ${where.stackName}, ${where.logicalId} (${where.type}): ${message}`);
}

/** The error for a resource whose name is taken, in CloudFormation's words and with what to do. */
export const alreadyExists = (
  where: { stackName: string; logicalId: string; type: string },
  identifier: string,
): ProvisionError =>
  provisionError(
    where,
    `Resource of type '${where.type}' with identifier '${identifier}' already exists. It is not the stack's: delete it, give it another name, or refer to it instead of making it.`,
  );
