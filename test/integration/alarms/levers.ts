import {
  type LambdaClient,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { PurgeQueueCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { eventually } from '../orders-app.ts';

/** Starts or stops what feeds a function, when no other change of it is under way. */
export async function switchMapping(lambda: LambdaClient, FunctionName: string, Enabled: boolean): Promise<void> {
  const { EventSourceMappings = [] } = await lambda.send(new ListEventSourceMappingsCommand({ FunctionName }));
  for (const { UUID } of EventSourceMappings) {
    const update = new UpdateEventSourceMappingCommand({ UUID, Enabled });
    await eventually(`the mapping of ${FunctionName} to take a change`, () =>
      lambda.send(update).then(
        () => true,
        (error: Error) => {
          if (error.name === 'ResourceInUseException') return false;
          throw error;
        },
      ),
    );
  }
}

/** Empties a queue; does nothing when it was emptied within the last minute: SQS refuses that. Call it again then. */
export async function purge(sqs: SQSClient, QueueUrl: string): Promise<void> {
  await sqs.send(new PurgeQueueCommand({ QueueUrl })).catch((error: Error) => {
    if (error.name !== 'PurgeQueueInProgress') throw error;
  });
}
