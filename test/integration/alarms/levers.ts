import {
  type LambdaClient,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { PurgeQueueCommand, type SQSClient } from '@aws-sdk/client-sqs';

/** Starts or stops what feeds a function. */
export async function switchMapping(lambda: LambdaClient, FunctionName: string, Enabled: boolean): Promise<void> {
  const { EventSourceMappings = [] } = await lambda.send(new ListEventSourceMappingsCommand({ FunctionName }));
  for (const { UUID } of EventSourceMappings) {
    await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled }));
  }
}

/** Empties a queue; does nothing when it was emptied within the last minute: SQS refuses that. Call it again then. */
export async function purge(sqs: SQSClient, QueueUrl: string): Promise<void> {
  await sqs.send(new PurgeQueueCommand({ QueueUrl })).catch((error: Error) => {
    if (error.name !== 'PurgeQueueInProgress') throw error;
  });
}
