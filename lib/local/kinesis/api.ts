import { errorResponse } from '../endpoint-errors.ts';
import type { ServiceHandler } from '../service.ts';
import { consumerOperations } from './consumer-operations.ts';
import type { Context, Operations } from './context.ts';
import { KinesisError } from './errors.ts';
import { putOperations } from './put-operations.ts';
import { readOperations } from './read-operations.ts';
import { settingOperations } from './setting-operations.ts';
import { shardOperations } from './shard-operations.ts';
import { streamOperations } from './stream-operations.ts';
import { createSubscriptions } from './subscriptions.ts';
import { tagOperations } from './tag-operations.ts';
import { kinesisAnswer, kinesisEvents, kinesisInput, kinesisRefusal } from './wire.ts';

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Operations.html */
const OPERATIONS: Operations = {
  ...streamOperations,
  ...settingOperations,
  ...shardOperations,
  ...putOperations,
  ...readOperations,
  ...consumerOperations,
  ...tagOperations,
};

/** The one operation whose answer goes on. */
const SUBSCRIBE = 'SubscribeToShard';

export const isKinesisOperation = (name: string): boolean => name === SUBSCRIBE || Object.hasOwn(OPERATIONS, name);

/** Answers the Kinesis API, in JSON and in CBOR. */
export function kinesisApi(context: Context): ServiceHandler {
  const subscriptions = createSubscriptions();
  return async (request) => {
    const { headers } = request;
    const name = request.operation ?? '';
    try {
      const operation = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
      if (name === SUBSCRIBE) return kinesisEvents(headers, subscriptions.begin(kinesisInput(request), context));
      if (operation === undefined) throw unknownOperation(name);
      return kinesisAnswer(headers, operation(kinesisInput(request), context));
    } catch (error) {
      if (error instanceof KinesisError) return kinesisRefusal(headers, error);
      if (!(error instanceof SyntaxError)) throw error;
      return errorResponse('kinesis', { status: 400, code: 'SerializationException', message: error.message }, headers);
    }
  };
}

function unknownOperation(name: string): KinesisError {
  const known = [...Object.keys(OPERATIONS), SUBSCRIBE].sort().join(', ');
  return new KinesisError(
    'UnknownOperationException',
    `kinesis: operation ${name} is not available in the engine; available: ${known}`,
  );
}
