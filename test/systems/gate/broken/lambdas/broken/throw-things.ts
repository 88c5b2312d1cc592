import { consume } from '../../../../../../lib/runtime/consuming/consume.ts';
import { Thing, throwThings } from '../../contract.ts';

export const handler = consume(throwThings, {
  async [Thing.type]() {
    throw new Error('always');
  },
});
