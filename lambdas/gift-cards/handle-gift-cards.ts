import { consume } from '../../lib/runtime/consuming/consume.ts';
import { requiredEnv } from '../../lib/runtime/invocation/environment.ts';
import { GIFT_CARDS_ENV, GiftCardsReceived, handleGiftCards } from '../../lib/systems/gift-cards/contract.ts';

const TableName = requiredEnv(GIFT_CARDS_ENV.handledTable, 'which table keeps what was handled');

/** The writes commit in one transaction with the inbox record: whatever comes twice is done once. */
export const handler = consume(handleGiftCards, {
  [GiftCardsReceived.type]: async ({ id, text }, { event }) => [
    { Put: { TableName, Item: { id, text, eventId: event.id } } },
  ],
});
