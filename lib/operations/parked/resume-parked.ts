import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Resumed, ResumeRequest } from '../../runtime/consuming/resume-request.ts';
import { briefly, patiently, stepBack } from '../../runtime/invocation/patience.ts';
import { lambda as lambdaClock } from '../../runtime/invocation/runtime.ts';
import type { Waits } from '../deployed/aws-over-sdk.ts';
import { NotParked, type ParkingPlace, parkedKey } from './parked.ts';
import type { ParkingConsumer } from './parking-consumers.ts';

export interface ResumeClients {
  readonly lambda: LambdaClient;
  readonly dynamodb: DynamoDBDocumentClient;
}

/** How a resumption went. */
export interface Resumption {
  readonly key: string;
  /** Messages handled. */
  readonly resumed: number;
  /** Whether the key flows again. */
  readonly released: boolean;
  /** The message it stopped at, or what the function died of; undefined when it is released, or interrupted. */
  readonly failed?: Resumed['failed'] | { readonly reason: 'function-failed' | 'store-busy'; readonly message: string };
}

/** Calls in a row that may handle nothing: a function whose time is up before its first message gets no further. */
const MAX_IDLE_CALLS = 3;
/** Calls in a row that may find the inbox table busy: each has waited for as long as its function may. */
const MAX_BUSY_CALLS = 5;

/**
 * Resumes a parked key: invokes the consumer's function until the key is released or a message fails. An invocation handles what it has
 * time for, so a long lot takes several. Doing it again, or twice at once, does no harm: each message is handled once.
 * @param signal ends it between two invocations
 * @param waits @default the real clock
 */
export async function resumeParked(
  { lambda, dynamodb }: ResumeClients,
  consumer: Pick<ParkingConsumer, 'functionName' | 'place'>,
  key: string,
  signal?: AbortSignal,
  waits: Waits = lambdaClock,
): Promise<Resumption> {
  let resumed = 0;
  let idle = 0;
  let busy = 0;
  while (signal?.aborted !== true) {
    const request: ResumeRequest = { resume: { key } };
    const { FunctionError, Payload } = await patiently(
      () => lambda.send(new InvokeCommand({ FunctionName: consumer.functionName, Payload: JSON.stringify(request) })),
      briefly(waits),
    );
    const answer: unknown = JSON.parse(Buffer.from(Payload ?? []).toString('utf8'));
    if (FunctionError !== undefined) {
      // Somebody else may have been faster, or the answer of an earlier call was lost.
      if (!(await isParked(dynamodb, consumer.place, key))) return { key, resumed, released: true };
      const { errorMessage: message = FunctionError } = answer as { readonly errorMessage?: string };
      return { key, resumed, released: false, failed: { reason: 'function-failed', message } };
    }
    const part = answer as Resumed;
    resumed += part.resumed;
    if (part.released || part.failed !== undefined) return { ...part, key, resumed };
    busy = part.busy === undefined || part.resumed > 0 ? 0 : busy + 1;
    if (busy >= MAX_BUSY_CALLS) {
      const message = `the inbox table was busy in ${busy} invocations in a row, the last time: ${part.busy}`;
      return { key, resumed, released: false, failed: { reason: 'store-busy', message } };
    }
    if (part.busy !== undefined) {
      await stepBack(busy + 1, waits);
      continue;
    }
    idle = part.resumed > 0 ? 0 : idle + 1;
    if (idle >= MAX_IDLE_CALLS) {
      const message = `${idle} invocations of ${consumer.functionName} ended before their first message; raise the subscription's timeout`;
      return { key, resumed, released: false, failed: { reason: 'function-failed', message } };
    }
  }
  return { key, resumed, released: false };
}

async function isParked(dynamodb: DynamoDBDocumentClient, place: ParkingPlace, key: string): Promise<boolean> {
  try {
    await parkedKey(dynamodb, place, key);
    return true;
  } catch (error) {
    if (error instanceof NotParked) return false;
    throw error;
  }
}
