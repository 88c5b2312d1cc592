import { jsonResponse } from '../endpoint-errors.ts';
import type { FaultSpec, Faults } from '../faults.ts';
import { isObject } from '../json.ts';
import type { ServiceResponse } from '../service.ts';
import type { RandomFaults } from './random-faults.ts';

/**
 * `/_sluice/faults`: POST a fault (or an array of them), or `{"seed": 7, "rates": {"throttle": 0.01}}` for faults by chance; GET what
 * is set and what it has done; DELETE ends all.
 */
export function faultsRoute(faults: Faults) {
  return async (method: string, _url: URL, body: Buffer): Promise<ServiceResponse> => {
    switch (method) {
      case 'GET':
        return jsonResponse(stateOf(faults));
      case 'DELETE':
        faults.clear();
        return jsonResponse(stateOf(faults));
      case 'POST':
        try {
          return jsonResponse(set(JSON.parse(body.toString('utf8')), faults), 201);
        } catch (error) {
          return jsonResponse({ message: error instanceof Error ? error.message : String(error) }, 400);
        }
      default:
        return jsonResponse({ message: `${method} /_sluice/faults: only GET, POST and DELETE` }, 405);
    }
  };
}

function set(given: unknown, faults: Faults): object {
  if (isObject(given) && 'rates' in given) {
    faults.randomly(given as unknown as RandomFaults);
    return stateOf(faults);
  }
  return { faults: [given as FaultSpec | FaultSpec[]].flat().map((spec) => faults.add(spec)) };
}

function stateOf(faults: Faults): object {
  const { random } = faults;
  return { faults: faults.list(), random: random === undefined ? null : { ...random.plan, made: random.counts } };
}
