import { consume } from '../../../../lib/runtime/consuming/consume.ts';
import { Reject } from '../../../../lib/runtime/invocation/outcomes.ts';
import { fromShelf } from '../contract.ts';

export const handler = consume(fromShelf, {
  'dynamodb.item-changed': async (change) => {
    const item = change.change === 'remove' ? undefined : change.after;
    if (item?.refuse) throw new Reject('refused', `not this one: ${'\uFFFF'}`);
    console.log(`handled from-shelf ${item?.note}`);
  },
});
