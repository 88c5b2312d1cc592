import type { AwsCalls } from '../../../lib/local/call.ts';
import type { JsonObject } from '../../../lib/local/json.ts';
import type { FunctionDefinition } from '../../../lib/local/lambda/definition.ts';
import type { MappingContext } from '../../../lib/local/mappings/configuration/mapping.ts';

export const ACCOUNT = '111122223333';
export const QUEUE = `arn:aws:sqs:eu-west-1:${ACCOUNT}:work`;
export const STREAM = `arn:aws:kinesis:eu-west-1:${ACCOUNT}:stream/log`;
export const CONSUMER = `${STREAM}/consumer/reader:1`;
export const TABLE_STREAM = `arn:aws:dynamodb:eu-west-1:${ACCOUNT}:table/shelf/stream/2026`;
export const DEFINITION = {
  ...{ name: 'work', arn: `arn:aws:lambda:eu-west-1:${ACCOUNT}:function:work`, timeoutMs: 30_000 },
  roleArn: `arn:aws:iam::${ACCOUNT}:role/work`,
} as FunctionDefinition;

/** Calls that are noted, and answered by a table: `kinesis ListShards` leads to the answer. */
export function noting(answer: (call: string, body: JsonObject) => unknown = () => ({})) {
  const asked: unknown[][] = [];
  const said = async (call: string, body: JsonObject): Promise<never> => {
    const made = answer(call, body);
    if (made instanceof Error) throw made;
    return made as never;
  };
  const calls = {
    json: (service: string, operation: string, body: JsonObject) => {
      asked.push([service, operation, body]);
      return said(`${service} ${operation}`, body);
    },
    query: (service: string, operation: string, version: string, parameters: JsonObject) => {
      asked.push([service, operation, version, parameters]);
      return said(`${service} ${operation}`, parameters);
    },
    rest: (...call: unknown[]) => {
      asked.push(call);
      return said(String(call[0]), {});
    },
  } as unknown as AwsCalls;
  const context = { calls, region: 'eu-west-1', accountId: ACCOUNT } as MappingContext;
  return { calls, context, asked };
}
