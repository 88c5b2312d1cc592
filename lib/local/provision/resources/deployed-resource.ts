import type { Json, JsonObject } from '../../json.ts';

/** What making a resource tells. */
export interface ProvisionedResource {
  /** What Ref gives. */
  readonly physicalId: string;
  /** What Fn::GetAtt gives. */
  readonly attributes: Readonly<Record<string, Json>>;
}

/** A resource as it was provisioned. */
export interface DeployedResource extends ProvisionedResource {
  readonly type: string;
  /** With every intrinsic function worked out. */
  readonly properties: JsonObject;
  /** Logical ids of those that had to be there before it. */
  readonly dependsOn: readonly string[];
  /** DeletionPolicy and UpdateReplacePolicy: whether it stays when it leaves the template, or when another takes its place. */
  readonly retained: { readonly onDelete: boolean; readonly onReplace: boolean };
  /** How many resources of this logical id there were before it. */
  readonly generation: number;
}

/** A resource whose creation or change was begun: all of it but what making it tells. */
export type Begun = Omit<DeployedResource, keyof ProvisionedResource>;
