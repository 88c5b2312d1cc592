import { type SystemContract, systemContract } from '../../lib/contracts/system.ts';
import * as orders from '../../lib/systems/orders/contract.ts';

/** Every system of this house: what the schema check and the AsyncAPI document go through. A new system is a line here. */
export const SYSTEMS: readonly SystemContract[] = [systemContract('orders', orders)];
