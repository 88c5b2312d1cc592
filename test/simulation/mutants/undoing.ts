import { DEAD_LETTER_ATTRIBUTE } from '../../../lib/contracts/agreed/dead-letter.ts';
import type { Attributes } from '../../../lib/testing/services/sizes.ts';
import { contentOf } from '../judging/letters.ts';
import { type Answer, atCalls, atHandler, type Records } from './mutating.ts';
import type { Mutation } from './mutation.ts';

/** Ways to undo, at the runtime's seams, what was mended in it. */

interface Letter {
  readonly MessageBody: string;
  readonly MessageAttributes?: Attributes;
}
export const isLetter = (operation: string, input: object): input is Letter =>
  operation === 'SendMessage' && DEAD_LETTER_ATTRIBUTE in ((input as Letter).MessageAttributes ?? {});

/** A dead letter's body as text, whatever its bytes, its attributes beside it. */
function unwrapped(input: Letter, objects: ReadonlyMap<string, Buffer>): object {
  const { MessageAttributes = {} } = input;
  const { text, attributes } = contentOf(input.MessageBody, MessageAttributes, (_bucket, key) => objects.get(key));
  const binary = /^base64:(.*)$/s.exec(text)?.[1];
  const MessageBody = binary === undefined ? text : Buffer.from(binary, 'base64').toString('utf8');
  const reason = { [DEAD_LETTER_ATTRIBUTE]: MessageAttributes[DEAD_LETTER_ATTRIBUTE] };
  return { ...input, MessageBody, MessageAttributes: { ...attributes, ...reason } };
}

export function lettersAsText(): Mutation {
  const objects = new Map<string, Buffer>();
  return atCalls(['consumer'], ({ operation, input, go }) => {
    if (operation === 'PutObject') {
      objects.set(String(input.Key), input.Body as Buffer);
      return go();
    }
    return isLetter(operation, input) ? go(unwrapped(input, objects)) : undefined;
  });
}

/** Updates of a consumer with this in their expression are answered and not made. */
export const withoutUpdates = (expression: string): Mutation =>
  atCalls(['consumer'], ({ operation, input }) =>
    operation === 'UpdateItem' && String(input.UpdateExpression).includes(expression) ? Promise.resolve({}) : undefined,
  );

/** Text of every type, and no more than nine beside the reason. */
export function attributesAsText(input: Letter): object {
  const { [DEAD_LETTER_ATTRIBUTE]: reason, ...others } = input.MessageAttributes ?? {};
  const texts = Object.entries(others).flatMap(([name, { StringValue }]) =>
    StringValue === undefined ? [] : [[name, { DataType: 'String', StringValue }] as const],
  );
  return { ...input, MessageAttributes: { ...Object.fromEntries(texts.slice(0, 9)), [DEAD_LETTER_ATTRIBUTE]: reason } };
}

/** Copies told apart by the first id that stands in the text: one fails, and the others are held. */
export function copiesByText(): Mutation {
  return atHandler((handler) => async (event, context) => {
    const { Records = [] } = event as Records;
    if (!Records.some(({ body }) => body !== undefined)) return handler(event, context);
    const units = Map.groupBy(Records, ({ body, messageId }) => idIn(body) ?? messageId);
    const batchItemFailures: object[] = [];
    for (const unit of units.values()) {
      for (const [i, record] of unit.entries()) {
        const answer = (await handler({ Records: [record] } as never, context)) as Answer;
        if ((answer.batchItemFailures ?? []).length === 0) continue;
        batchItemFailures.push(...unit.slice(i).map(({ messageId }) => ({ itemIdentifier: messageId })));
        break;
      }
    }
    return { batchItemFailures };
  });
}

const idIn = (body = ''): string | undefined => /"id":"([^"]+)"/.exec(body)?.[1];
const ATTEMPTS = /^(attempts![^#]*#)(.*)$/;

/** Attempts are counted under the event's id, not the message's, and stay when it is decided. */
export function attemptsOfEvents(): Mutation {
  const eventOf = new Map<string, string>();
  const heard = atHandler((handler) => (event, context) => {
    for (const { messageId = '', body } of (event as Records).Records ?? [])
      eventOf.set(messageId, idIn(body) ?? messageId);
    return handler(event, context);
  });
  const renamed = (pk: string): string =>
    pk.replace(ATTEMPTS, (_, start: string, id: string) => start + (eventOf.get(id) ?? id));
  const calls = atCalls(['consumer'], ({ operation, input, go }) => {
    const pk = (input.Key as { pk?: { S: string } } | undefined)?.pk?.S ?? '';
    if (operation === 'DeleteItem' && ATTEMPTS.test(pk)) return Promise.resolve({});
    if (operation === 'UpdateItem' && ATTEMPTS.test(pk)) return go({ ...input, Key: { pk: { S: renamed(pk) } } });
    if (operation !== 'BatchGetItem') return undefined;
    return readRenamed(input as unknown as BatchGet, renamed, go);
  });
  return { ...heard, ...calls };
}

interface BatchGet {
  readonly RequestItems: Readonly<
    Record<string, { readonly Keys: readonly { readonly pk: { readonly S: string } }[] }>
  >;
}

/** Asks for each key by itself under its other name, and answers under its own. */
async function readRenamed(
  { RequestItems }: BatchGet,
  renamed: (pk: string) => string,
  go: (input: object) => Promise<unknown>,
): Promise<object> {
  const Responses: Record<string, object[]> = {};
  for (const [table, { Keys }] of Object.entries(RequestItems)) {
    Responses[table] = [];
    for (const { pk } of Keys) {
      const answer = await go({ RequestItems: { [table]: { Keys: [{ pk: { S: renamed(pk.S) } }] } } });
      const [item] = (answer as { Responses: Record<string, object[]> }).Responses[table] ?? [];
      if (item !== undefined) Responses[table].push({ ...item, pk });
    }
  }
  return { Responses, UnprocessedKeys: {} };
}

/** How often the message of an event was received, as the newest invocation says. */
export function toldReceives(): Mutation {
  const receives = new Map<string, number>();
  const heard = atHandler((handler) => (event, context) => {
    for (const { body, attributes } of (event as Records).Records ?? []) {
      const id = idIn(body);
      if (id !== undefined) receives.set(id, Number(attributes?.ApproximateReceiveCount ?? 1));
    }
    return handler(event, context);
  });
  return { ...heard, toldAttempt: (told, id) => receives.get(id) ?? told };
}

/** Answers for the function just before its end, whatever is under way in it, which goes on when the instance is called again. */
export function answeredEarly(): Mutation {
  return atHandler((handler) => (event, context) => {
    const early = context.getRemainingTimeInMillis() - 5;
    const unaware = { ...context, getRemainingTimeInMillis: () => Number.MAX_SAFE_INTEGER / 2 };
    return Promise.race([
      handler(event, unaware),
      new Promise((_, reject) => setTimeout(() => reject(new Error('the operation was aborted')), early)),
    ]);
  });
}

/** One body that is no JSON fails everything that came with it. */
export function failsAsAWhole(): Mutation {
  const isJson = (body: string): boolean => {
    try {
      return JSON.parse(body) !== undefined;
    } catch {
      return false;
    }
  };
  return atHandler((handler) => async (event, context) => {
    const { Records = [] } = event as Records;
    if (Records.some(({ body }) => body !== undefined && !isJson(body))) throw new SyntaxError('a body is no JSON');
    return handler(event, context);
  });
}
