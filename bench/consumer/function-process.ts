/** One warm function. Loads the bundle in its first argument and does what the parent asks: invoke once, or measure CPU time. */
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { BATCH_SIZE, batchOf, lambdaContext, orderMessage, queueEvent } from './messages.ts';

export type Request =
  | { readonly invoke: SQSEvent }
  | { readonly measure: { readonly name: string; readonly warmUp: number; readonly batches: number } };
export type Answer = { readonly response: SQSBatchResponse } | { readonly cpuMicrosPerRecord: number };

type Handler = (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>;

const { handler } = (await import(process.argv[2] ?? '')) as { handler: Handler };

async function answer(request: Request): Promise<Answer> {
  if ('invoke' in request) return { response: await handler(request.invoke, lambdaContext()) };
  const { name, warmUp, batches } = request.measure;
  const event = (batch: string) => queueEvent(batchOf(`${name}-${batch}`, orderMessage));
  await invokeAll(Array.from({ length: warmUp }, (_, i) => event(`warm-${i}`)));
  const events = Array.from({ length: batches }, (_, i) => event(String(i)));
  const before = process.cpuUsage();
  await invokeAll(events);
  const { user, system } = process.cpuUsage(before);
  return { cpuMicrosPerRecord: (user + system) / (batches * BATCH_SIZE) };
}

/** One after the other, as Lambda does. @throws Error when a message was not handled */
async function invokeAll(events: readonly SQSEvent[]): Promise<void> {
  for (const event of events) {
    const { batchItemFailures } = await handler(event, lambdaContext());
    if (batchItemFailures.length > 0) throw new Error(`${batchItemFailures.length} messages of a good batch failed`);
  }
}

process.on('message', (request: Request) => {
  answer(request).then(
    (result) => process.send?.(result),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
