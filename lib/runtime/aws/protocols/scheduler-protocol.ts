import { jsonObject, type Protocol, restJsonError } from './wire.ts';

/** Operations of EventBridge Scheduler: method, and whether the input travels in the body or in the query. */
const METHODS: Readonly<Record<string, 'POST' | 'GET' | 'DELETE'>> = {
  CreateSchedule: 'POST',
  GetSchedule: 'GET',
  DeleteSchedule: 'DELETE',
};

/** https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html: the schedule in the path, its error in a header. */
export const scheduler: Protocol = {
  encode(operation, input) {
    const { Name, GroupName, ...rest } = input as { Name: string; GroupName?: string; ClientToken?: string };
    const method = METHODS[operation];
    if (method === undefined) throw new TypeError(`scheduler ${operation} is not an operation of this client`);
    const path = `/schedules/${encodeURIComponent(Name)}`;
    if (method === 'POST') {
      const headers = { 'content-type': 'application/json' };
      return { method, path, headers, body: JSON.stringify({ ...rest, GroupName }) };
    }
    const query = new URLSearchParams(GroupName === undefined ? {} : { groupName: GroupName });
    if (rest.ClientToken !== undefined) query.set('clientToken', rest.ClientToken);
    return { method, path: query.size === 0 ? path : `${path}?${query}`, headers: {}, body: '' };
  },
  decode: ({ body }) => (body.length === 0 ? {} : jsonObject(body)),
  decodeError: restJsonError,
};
