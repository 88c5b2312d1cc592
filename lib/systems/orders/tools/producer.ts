import { callerOf } from '../../../operations/systems/calling.ts';
import type { OrderRequest } from '../request.ts';

/** What `place-order` answers. */
export type Reply =
  | { readonly status: 'accepted'; readonly orderId: string; readonly sequence: number; readonly duplicate: boolean }
  | { readonly status: 'refused'; readonly reason: string; readonly message: string };

export interface Shop {
  /** @throws CallFailed, Throttled as `callerOf()` */
  place(request: unknown): Promise<Reply>;
  close(): void;
}

/** Places orders with the function that takes them. */
export function openShop(functionName: string): Shop {
  const { send, close } = callerOf<Reply>(functionName);
  return { place: send, close };
}

export interface Placed {
  readonly request: OrderRequest;
  readonly reply: Reply;
}
