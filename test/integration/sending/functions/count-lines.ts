import { createHash } from 'node:crypto';
import { consume } from '../../../../lib/runtime/consuming/consume.ts';
import { requiredEnv } from '../../../../lib/runtime/invocation/environment.ts';
import { countLines, DocumentStored } from '../contract.ts';

const table = requiredEnv('WORK_TABLE', 'where the work is noted');

export const handler = consume(countLines, {
  [DocumentStored.type]: async ({ id, lines }) => [
    {
      Put: {
        TableName: table,
        Item: {
          pk: `document/${id}`,
          lines: lines.length,
          hash: createHash('sha256').update(JSON.stringify(lines)).digest('hex'),
        },
      },
    },
  ],
});
