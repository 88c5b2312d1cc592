import type { DataOf } from '../../../../../lib/contracts/events/event.ts';
import type { HandlerContext } from '../../../../../lib/runtime/consuming/consume.ts';
import type { Write } from '../../../../../lib/runtime/inbox/inbox.ts';
import { requiredEnv } from '../../../../../lib/runtime/invocation/environment.ts';
import { Reject } from '../../../../../lib/runtime/invocation/outcomes.ts';
import { dynamodb } from '../../../../../lib/runtime/invocation/runtime.ts';
import type { Ticket } from '../../contract.ts';

const table = requiredEnv('WORK_TABLE', 'where the work is noted');

/** Appends a ticket's number to its list, `NAME/TICKET`; fails as the ticket says until something is repaired. */
export const noteInOrder =
  (name: string) =>
  async ({ ticket, number, fail }: DataOf<typeof Ticket>, { log }: HandlerContext): Promise<readonly Write[]> => {
    log('info', 'handling', { ticket, number });
    const { Item } = await dynamodb('GetItem', { TableName: table, Key: { pk: 'repaired' }, ConsistentRead: true });
    if (fail === 'reject' && !Item) throw new Reject('broken', 'not before it is repaired');
    if (fail === 'throw' && !Item) throw new Error('not before it is repaired');
    return [
      {
        Update: {
          TableName: table,
          Key: { pk: `${name}/${ticket}` },
          UpdateExpression: 'SET numbers = list_append(if_not_exists(numbers, :none), :number)',
          ExpressionAttributeValues: { ':none': [], ':number': [number] },
        },
      },
    ];
  };
