import { request } from 'node:http';
import type { DataOf } from '../../../../lib/contracts/events/event.ts';
import type { HandlerContext } from '../../../../lib/runtime/consuming/consume.ts';
import type { Write } from '../../../../lib/runtime/inbox/inbox.ts';
import { requiredEnv } from '../../../../lib/runtime/invocation/environment.ts';
import { Outage } from '../../../../lib/runtime/invocation/outcomes.ts';
import { type Asked, OUTAGE_ENV } from '../../contract.ts';

const table = requiredEnv(OUTAGE_ENV.workTable, 'where the work is noted');
const provider = requiredEnv(OUTAGE_ENV.provider, 'where the provider is');

/** Asks the provider, and notes the work: how often it was received, when it was done, and in which order those of its key were. */
export const askProvider =
  (lane: string) =>
  async ({ key, number }: DataOf<typeof Asked>, { attempt, idempotencyKey }: HandlerContext): Promise<Write[]> => {
    const status = await post(`${provider}/${lane}/${idempotencyKey}`);
    if (status !== 200) throw new Outage('provider', `the provider answered ${status}`);
    return [
      {
        Update: {
          TableName: table,
          Key: { pk: `${lane}/${number}` },
          UpdateExpression: 'SET receives = :receives, doneAt = :now ADD times :one',
          ExpressionAttributeValues: { ':receives': attempt, ':now': Date.now(), ':one': 1 },
        },
      },
      {
        Update: {
          TableName: table,
          Key: { pk: `${lane}!${key}` },
          UpdateExpression: 'SET numbers = list_append(if_not_exists(numbers, :none), :number)',
          ExpressionAttributeValues: { ':none': [], ':number': [number] },
        },
      },
    ];
  };

function post(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, { method: 'POST' }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    })
      .on('error', (cause) => reject(new Outage('provider', cause.message, { cause })))
      .end();
  });
}
