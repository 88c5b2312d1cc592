import { createHash } from 'node:crypto';
import { dynamodb } from '../../../lib/runtime/invocation/runtime.ts';

/**
 * A payment provider for the sample: behaves as real ones do, badly by seed. It honours idempotency keys, keeps its own books
 * in a table (what "the provider's side" says about who was charged), and can decline, time out before or after taking the
 * money, or answer a status nobody documented.
 */

export type Answer =
  | { readonly status: 'approved' | 'declined'; readonly reference: string }
  | { readonly status: string };

export class ProviderTimeout extends Error {
  override readonly name = 'ProviderTimeout';
}

type Behaviour = 'approve' | 'decline' | 'time-out-before' | 'time-out-after' | 'unexpected';

/** Shares of keys that meet each behaviour; the rest are approved. */
const SHARES: readonly (readonly [Behaviour, number])[] = [
  ['decline', 0.03],
  ['time-out-before', 0.02],
  ['time-out-after', 0.03],
  ['unexpected', 0.01],
];

/** The same for the same seed and key, in every run and on every machine. */
export function behaviourOf(seed: string, idempotencyKey: string): Behaviour {
  const draw = createHash('sha256').update(`${seed}\n${idempotencyKey}`).digest().readUInt32BE(0) / 2 ** 32;
  let edge = 0;
  for (const [behaviour, share] of SHARES) {
    edge += share;
    if (draw < edge) return behaviour;
  }
  return 'approve';
}

export interface Movement {
  readonly idempotencyKey: string;
  readonly orderId: string;
  readonly kind: 'charge' | 'refund';
  /** In the currency's smallest unit. */
  readonly pence: number;
  /** ISO 4217. */
  readonly currency: string;
}

export interface Provider {
  /** Moves money once per idempotency key. @throws ProviderTimeout when no answer came: money may or may not have moved */
  move(movement: Movement): Promise<Answer>;
}

export function simulatedProvider(table: string, seed: string): Provider {
  return {
    async move(movement) {
      const behaviour = behaviourOf(seed, movement.idempotencyKey);
      const takesMoney = behaviour === 'approve' || behaviour === 'time-out-after';
      const { calls, moved } = await book(table, movement, takesMoney);
      if (behaviour === 'unexpected') return { status: 'pending_review_2b' };
      if (behaviour === 'time-out-before') {
        if (calls === 1) throw new ProviderTimeout('the provider did not answer');
        if (!moved) await book(table, movement, true);
      }
      if (behaviour === 'time-out-after' && calls === 1) throw new ProviderTimeout('the provider did not answer');
      return { status: behaviour === 'decline' ? 'declined' : 'approved', reference: `sim-${movement.idempotencyKey}` };
    },
  };
}

/** One call in the provider's books. Money moves at most once per key, whatever is asked. */
async function book(table: string, movement: Movement, move: boolean): Promise<{ calls: number; moved: boolean }> {
  const { Attributes } = await dynamodb('UpdateItem', {
    TableName: table,
    Key: { idempotencyKey: movement.idempotencyKey },
    UpdateExpression: `SET orderId = :orderId, kind = :kind${move ? ', movedPence = if_not_exists(movedPence, :pence), currency = :currency' : ''} ADD calls :one`,
    ExpressionAttributeValues: {
      ':orderId': movement.orderId,
      ':kind': movement.kind,
      ':one': 1,
      ...(move ? { ':pence': movement.pence, ':currency': movement.currency } : {}),
    },
    ReturnValues: 'ALL_NEW',
  });
  return { calls: Number(Attributes?.calls), moved: Attributes?.movedPence !== undefined };
}
