import type { AwsError } from './call.ts';

/** One request as it goes over the wire. */
export interface WireRequest {
  /** @default 'POST' */
  readonly method?: string;
  /** Path and query, encoded. @default '/' */
  readonly path?: string;
  /** S3 only: part of the host name on AWS, of the path elsewhere. */
  readonly bucket?: string;
  readonly headers: Record<string, string>;
  readonly body: string | Buffer;
}

export interface WireAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** How a service wants to be asked and how it answers. */
export interface Protocol {
  readonly encode: (operation: string, input: object) => WireRequest;
  readonly decode: (answer: WireAnswer) => unknown;
  readonly decodeError: (answer: WireAnswer) => AwsError;
}
