/** A mistake that a person might make, at a place that draw.ts drew. Written before the tests were read. */
export interface Fault {
  readonly file: string;
  /** Text that the file has once. */
  readonly find: string;
  readonly put: string;
  readonly mistake: string;
  /** Why it changes nothing that anybody could see. */
  readonly equivalent?: string;
}

export const fault = (file: string, mistake: string, find: string, put: string, equivalent?: string): Fault => ({
  ...{ file, find, put, mistake },
  ...(equivalent === undefined ? {} : { equivalent }),
});
