/**
 * One permission a call needs. Several resources are alternatives: being allowed on any of them is enough. No resource:
 * the request does not say which (a Kinesis iterator).
 */
export interface Demand {
  readonly action: string;
  readonly resources: readonly string[];
}
