import { consume } from '../../../../lib/runtime/consuming/consume.ts';
import { requiredEnv } from '../../../../lib/runtime/invocation/environment.ts';
import { Reject, Retry } from '../../../../lib/runtime/invocation/outcomes.ts';
import { Reading, sumReadings } from '../contract.ts';

const table = requiredEnv('WORK_TABLE', 'where the work is noted');
let stumbled = false;

/** Adds up per meter; stumbles once in the middle of a record, so that the record comes again. */
export const handler = consume(sumReadings, {
  [Reading.type]: async ({ meter, value }) => {
    if (value < 0) throw new Reject('negative', `a meter cannot show ${value}`);
    if (value === 57 && !stumbled) {
      stumbled = true;
      throw new Retry('stumbled');
    }
    return [
      {
        Update: {
          TableName: table,
          Key: { pk: `meter/${meter}` },
          UpdateExpression: 'ADD readings :one, #sum :value SET newest = :value',
          ConditionExpression: 'attribute_not_exists(newest) OR newest < :value',
          ExpressionAttributeNames: { '#sum': 'sum' },
          ExpressionAttributeValues: { ':one': 1, ':value': value },
        },
      },
    ];
  },
});
