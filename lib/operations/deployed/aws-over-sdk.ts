import {
  type DynamoDBClient,
  GetItemCommand,
  TransactWriteItemsCommand,
  type TransactWriteItemsCommandInput,
} from '@aws-sdk/client-dynamodb';
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, type SendMessageCommandInput, type SQSClient } from '@aws-sdk/client-sqs';
import { type AwsCall, AwsError } from '../../runtime/aws/calls/call.ts';
import type { S3GetObject, S3Object, S3PutObject } from '../../runtime/aws/protocols/s3-protocol.ts';
import { patientCall } from '../../runtime/invocation/patience.ts';
import { lambda, type Runtime } from '../../runtime/invocation/runtime.ts';

export interface SdkClients {
  readonly dynamodb: DynamoDBClient;
  readonly sqs: SQSClient;
  readonly s3: S3Client;
}

/** By whose clock and chance a tool waits. */
export type Waits = Pick<Runtime, 'sleep' | 'random' | 'now'>;

type Calls = Readonly<Record<string, (input: never) => Promise<unknown>>>;

/**
 * The runtime's calls over the SDK, whose credentials are those of the person at the shell: only the calls that the tools make by the runtime's own code. Stores
 * that say "not now" are asked again for two seconds, as in a function: what an operator has decided does not fail for a consumer that works beside.
 * @param waits @default the real clock
 */
export function awsOverSdk({ dynamodb, sqs, s3 }: SdkClients, waits: Waits = lambda): AwsCall {
  const calls: Calls = {
    'dynamodb GetItem': (input) => dynamodb.send(new GetItemCommand(input)),
    'dynamodb TransactWriteItems': (input: TransactWriteItemsCommandInput) =>
      dynamodb.send(new TransactWriteItemsCommand(input)),
    'sqs SendMessage': (input: SendInput) => sqs.send(new SendMessageCommand(withBytes(input))),
    's3 PutObject': (input: S3PutObject) => s3.send(new PutObjectCommand(input)),
    's3 DeleteObject': (input: S3GetObject) => s3.send(new DeleteObjectCommand(input)),
    async 's3 GetObject'(input: S3GetObject): Promise<S3Object> {
      const { Body, Metadata = {} } = await s3.send(new GetObjectCommand(input));
      return { Body: Buffer.from((await Body?.transformToByteArray()) ?? []), Metadata };
    },
  };
  const aws: AwsCall = async (service, operation, input) => {
    const call = calls[`${service} ${operation}`];
    if (call === undefined) throw new Error(`the tools make no call '${operation}' of ${service}`);
    try {
      return await call(input as never);
    } catch (error) {
      throw asAwsError(error);
    }
  };
  return patientCall({ ...waits, aws });
}

/** What AWS answered, as the runtime knows it; anything else as it is. */
function asAwsError(error: unknown): unknown {
  const { $metadata, name, message, ...details } = error as Error & {
    readonly $metadata?: { readonly httpStatusCode?: number };
  };
  if ($metadata?.httpStatusCode === undefined) return error;
  return new AwsError(name, message, $metadata.httpStatusCode, details as Readonly<Record<string, unknown>>);
}

type SendInput = Omit<SendMessageCommandInput, 'MessageAttributes'> & {
  readonly MessageAttributes?: Readonly<
    Record<
      string,
      { readonly DataType: string; readonly StringValue?: string; readonly BinaryValue?: string } | undefined
    >
  >;
};

/** The SDK wants bytes where the API's JSON has base64. */
function withBytes({ MessageAttributes = {}, ...input }: SendInput): SendMessageCommandInput {
  const attributes = Object.entries(MessageAttributes).flatMap(([name, value]) =>
    value === undefined
      ? []
      : [
          [
            name,
            value.BinaryValue === undefined
              ? value
              : { ...value, BinaryValue: Buffer.from(value.BinaryValue, 'base64') },
          ] as const,
        ],
  );
  return {
    ...input,
    MessageAttributes: Object.fromEntries(attributes) as SendMessageCommandInput['MessageAttributes'],
  };
}
