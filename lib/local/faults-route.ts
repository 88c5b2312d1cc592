import { jsonResponse } from './endpoint-errors.ts';
import type { FaultSpec, Faults } from './faults.ts';
import type { ServiceResponse } from './service.ts';

/** `/_sluice/faults`: POST a fault specification (or an array of them), GET the list with hit counts, DELETE all. */
export function faultsRoute(faults: Faults) {
  return async (method: string, _url: URL, body: Buffer): Promise<ServiceResponse> => {
    switch (method) {
      case 'GET':
        return jsonResponse({ faults: faults.list() });
      case 'DELETE':
        faults.clear();
        return jsonResponse({ faults: [] });
      case 'POST':
        try {
          const given = JSON.parse(body.toString('utf8')) as FaultSpec | FaultSpec[];
          return jsonResponse({ faults: [given].flat().map((spec) => faults.add(spec)) }, 201);
        } catch (error) {
          return jsonResponse({ message: error instanceof Error ? error.message : String(error) }, 400);
        }
      default:
        return jsonResponse({ message: `${method} /_sluice/faults: only GET, POST and DELETE` }, 405);
    }
  };
}
