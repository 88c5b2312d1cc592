import type { AwsCall } from '../../../lib/runtime/aws/calls/call.ts';
import type { HandlerFunction } from '../../../lib/testing/lambda/instances.ts';
import type { ConsumerPlan, Scenario } from '../scenario/scenario.ts';
import { INBOX } from '../system/names.ts';
import type { Mutation, Role } from './mutation.ts';

/** Ways to break the runtime at its seams: calls to AWS, events in, answers out. */

export const consumers =
  (test: (plan: ConsumerPlan) => boolean) =>
  ({ consumers: plans }: Scenario): boolean =>
    plans.some(test);
export const isOutbox = ({ topology }: Scenario): boolean => topology === 'outbox';

interface Call {
  readonly service: string;
  readonly operation: string;
  readonly input: Record<string, unknown>;
  /** Makes the call, changed or as it is. */
  readonly go: (input?: object) => Promise<unknown>;
}

/** Breaks calls of a part of the system: `change` answers in the place of AWS, or returns undefined to let a call through. */
export function atCalls(
  kinds: readonly Role['kind'][],
  change: (call: Call, role: Role) => Promise<unknown> | undefined,
): Mutation {
  return {
    runtime(runtime, role) {
      if (!kinds.includes(role.kind)) return runtime;
      const aws: AwsCall = (service, operation, input, time) => {
        const go = (own: object = input) => runtime.aws(service, operation, own, time);
        return change({ service, operation, input: input as Record<string, unknown>, go }, role) ?? go();
      };
      return { ...runtime, aws };
    },
  };
}

export type TransactItem = Record<string, Record<string, unknown>>;

const unconditional = (item: TransactItem): TransactItem =>
  Object.fromEntries(
    Object.entries(item).map(([kind, { ConditionExpression: _, ...rest }]) => [kind, withoutUnused(rest)]),
  );

/** Only a condition used them. */
function withoutUnused(request: Record<string, unknown>): Record<string, unknown> {
  if (request.UpdateExpression !== undefined) return request;
  const { ExpressionAttributeNames: _names, ExpressionAttributeValues: _values, ...rest } = request;
  return rest;
}

/** Makes writes of a transaction unconditional, by position. */
export const withoutConditions = (
  which: (item: TransactItem, i: number) => boolean,
  kinds: readonly Role['kind'][],
): Mutation =>
  atCalls(kinds, ({ operation, input, go }) => {
    if (operation !== 'TransactWriteItems') return undefined;
    const items = input.TransactItems as TransactItem[];
    return go({ ...input, TransactItems: items.map((item, i) => (which(item, i) ? unconditional(item) : item)) });
  });

/** A single put into the inbox without its condition. */
export const putWithoutCondition = (state: string): Mutation =>
  atCalls(['consumer'], ({ operation, input, go }) => {
    const item = input.Item as { state?: { S: string } } | undefined;
    if (operation !== 'PutItem' || item?.state?.S !== state) return undefined;
    const { ConditionExpression: _, ...rest } = input;
    return go(withoutUnused(rest));
  });

/** Every try to take a lease succeeds. */
export const leasedToEverybody = (): Mutation =>
  atCalls(['consumer'], ({ operation, input, go }) => {
    if (operation !== 'UpdateItem' || !String(input.UpdateExpression).includes('#state = :leased')) return undefined;
    const { ConditionExpression: _, ...rest } = input;
    return go(withoutUnused(rest));
  });

/** A lease as it is given to the first one. */
export function withoutSteps(answer: object): object {
  const { Attributes = {} } = answer as { Attributes?: Record<string, unknown> };
  const left = Object.entries(Attributes).filter(([name]) => !name.startsWith('step:'));
  return { ...answer, Attributes: Object.fromEntries(left) };
}

export const ofInbox = (item: TransactItem): boolean => item.Put?.TableName === INBOX;

/** Changes what a consumer's handler is given, or what it answers. */
export const atHandler = (
  change: (handler: HandlerFunction) => HandlerFunction,
  kind: Role['kind'] = 'consumer',
): Mutation => ({
  handler: (handler, role) => (role.kind === kind ? change(handler) : handler),
});

interface SomeRecord {
  readonly messageId?: string;
  readonly body?: string;
  readonly attributes?: Record<string, string>;
  readonly kinesis?: Record<string, unknown>;
  readonly dynamodb?: { readonly NewImage?: Record<string, { S?: string; N?: string }> };
}
export interface Records {
  readonly Records?: readonly SomeRecord[];
}
export interface Answer {
  readonly batchItemFailures?: readonly object[];
}

/** Gives every record another ordering key. */
export const scattered = ({ Records = [] }: Records): Records => ({
  Records: Records.map((record, i) => ({
    ...record,
    ...(record.attributes === undefined
      ? {}
      : { attributes: { ...record.attributes, MessageGroupId: `scattered-${i}` } }),
    ...(record.kinesis === undefined ? {} : { kinesis: { ...record.kinesis, partitionKey: `scattered-${i}` } }),
  })),
});

/** The attempt once more, as if it were another one. */
export const underAnotherId = (input: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const values = input.ExpressionAttributeValues as Record<string, { SS?: readonly string[] }>;
  const attempt = { SS: (values[':attempt']?.SS ?? []).map((id) => `${id} again`) };
  return { ...input, ExpressionAttributeValues: { ...values, ':attempt': attempt } };
};

export function firstAttempt(answer: { readonly Attributes?: Record<string, unknown> }): unknown {
  return answer.Attributes?.attempts === undefined
    ? answer
    : { ...answer, Attributes: { ...answer.Attributes, attempts: { SS: ['the only one'] } } };
}

export const receivedOnce = (event: Records): Records =>
  event.Records === undefined
    ? event
    : {
        Records: event.Records.map((record) => ({
          ...record,
          ...(record.attributes === undefined
            ? {}
            : { attributes: { ...record.attributes, ApproximateReceiveCount: '1' } }),
        })),
      };

export const SENDS: ReadonlySet<string> = new Set(['PublishBatch', 'PutRecords', 'SendMessageBatch']);

/** What a service says when it took everything. */
export function allTaken(operation: string, input: Record<string, unknown>): object {
  if (operation === 'PutRecords') {
    return { FailedRecordCount: 0, Records: (input.Records as object[]).map(() => ({ SequenceNumber: '1' })) };
  }
  const entries = (input.Entries ?? input.PublishBatchRequestEntries) as { Id: string }[];
  return { Successful: entries.map(({ Id }) => ({ Id })) };
}

/** Refused requests are taken for sent, and go out after the next one. */
export function sendsLater(): Mutation {
  return {
    runtime(runtime, { kind }) {
      if (kind !== 'producer' && kind !== 'relay' && kind !== 'sweeper') return runtime;
      let late: (() => Promise<unknown>) | undefined;
      const aws: AwsCall = async (service, operation, input) => {
        if (!SENDS.has(operation)) return runtime.aws(service, operation, input);
        const mine = late;
        late = undefined;
        const again = () => runtime.aws(service, operation, input);
        const answer = await again().catch(() => {
          late = again;
          return allTaken(operation, input as Record<string, unknown>);
        });
        await mine?.().catch(() => undefined);
        return answer;
      };
      return { ...runtime, aws };
    },
  };
}

/** Publishing waits until the cursor has moved. */
export function cursorFirst(): Mutation {
  return {
    runtime(runtime, { kind }) {
      if (kind !== 'relay' && kind !== 'sweeper') return runtime;
      const held: (() => Promise<unknown>)[] = [];
      const aws: AwsCall = async (service, operation, input) => {
        if (SENDS.has(operation)) {
          held.push(() => runtime.aws(service, operation, input));
          return allTaken(operation, input as Record<string, unknown>);
        }
        const answer = await runtime.aws(service, operation, input);
        if (operation === 'TransactWriteItems') for (const send of held.splice(0)) await send();
        return answer;
      };
      return { ...runtime, aws };
    },
  };
}

/** The relay takes the row before the first that it is shown for its cursor. */
export function skipsGaps(): Mutation {
  const first = new Map<string, number>();
  const shown = atHandler(
    (handler) => (event, context) => {
      first.clear();
      for (const { dynamodb } of (event as Records).Records ?? []) {
        const key = dynamodb?.NewImage?.aggregateId?.S ?? '';
        const sequence = Number(dynamodb?.NewImage?.sequence?.N);
        first.set(key, Math.min(first.get(key) ?? sequence, sequence));
      }
      return handler(event, context);
    },
    'relay',
  );
  const cursors = atCalls(['relay'], ({ operation, input, go }) => {
    if (operation === 'BatchGetItem') {
      const rows = [...first].map(([aggregateId, sequence]) => ({
        aggregateId: { S: aggregateId },
        sequence: { N: '-1' },
        published: { N: String(sequence - 1) },
      }));
      return go().then(() => ({ Responses: { outbox: rows }, UnprocessedKeys: {} }));
    }
    if (operation !== 'TransactWriteItems') return undefined;
    const items = input.TransactItems as TransactItem[];
    return go({ ...input, TransactItems: items.map((item, i) => (i === 0 ? unconditional(item) : item)) });
  });
  return { ...shown, ...cursors };
}

export function positionless(): Mutation {
  return atCalls(['consumer'], ({ operation, input, go }) => {
    if (operation === 'GetItem') return go().then(() => ({}));
    if (operation !== 'TransactWriteItems') return undefined;
    return go({ ...input, TransactItems: (input.TransactItems as TransactItem[]).map(unconditional) });
  });
}
