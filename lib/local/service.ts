/** What the parts of the engine know of each other: a request that has arrived, who sent it, and who answers it. */

/** Who signed a request. The engine hands every function instance credentials of its own, so a call can be traced to its worker. */
export interface Caller {
  readonly accessKeyId: string;
  /** Logical name of the function (its Lambda function name), or undefined for anybody outside the engine (CLI, SDK, tests). */
  readonly functionName?: string;
  /** Number of the worker instance that holds these credentials. */
  readonly instance?: number;
  /** ARN of the role whose policies decide; undefined for callers from outside, who may do everything. */
  readonly roleArn?: string;
  /** Function in whose name a mapping polls. */
  readonly pollsFor?: string;
  /** Name of the role's session in ARNs and messages. Default: the function's name. */
  readonly session?: string;
}

/** One AWS API call, as the endpoint read it off the wire. */
export interface ServiceRequest {
  /** Signing name of the service: sqs, sns, s3, kinesis, dynamodb, lambda, ses, scheduler, events, cloudformation, monitoring, logs, sts, iam. */
  readonly service: string;
  /** API operation (`SendMessage`, `PutRecords`); for REST services the endpoint leaves it undefined and the service derives it. */
  readonly operation: string | undefined;
  readonly region: string;
  readonly method: string;
  /** Path and query as received. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  readonly caller: Caller;
  /** Aborted when nobody is there any more to take the answer. Undefined: somebody always is. */
  readonly gone?: AbortSignal | undefined;
}

export interface ServiceResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
  /** What of the body comes later, piece by piece. @param gone aborted when nobody is there to take it any more */
  readonly more?: (gone: AbortSignal) => AsyncIterable<Uint8Array>;
  /** Called when the caller had gone before the answer could be sent. */
  readonly onUnsent?: () => void;
}

/** Answers the calls of one AWS service. A throw becomes a 500 InternalFailure that names the operation; AWS errors are answered, not thrown. */
export type ServiceHandler = (request: ServiceRequest) => Promise<ServiceResponse>;
