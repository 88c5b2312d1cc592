import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/** A call of the SDK. */
export interface Asked {
  readonly name: string;
  readonly input: Record<string, unknown>;
}

/** A client that answers as it is told, and what it was asked. */
export function answering(answer: (asked: Asked) => unknown) {
  const asked: Asked[] = [];
  const client = {
    async send(command: { readonly input: Record<string, unknown>; readonly constructor: { name: string } }) {
      const one = { name: command.constructor.name, input: command.input };
      asked.push(one);
      return answer(one);
    },
  };
  // The paginators of the SDK ask whether it is theirs.
  return { asked, client: Object.assign(Object.create(DynamoDBDocumentClient.prototype), client) as never };
}
