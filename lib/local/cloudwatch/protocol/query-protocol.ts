import { randomUUID } from 'node:crypto';
import { escapeXml } from '../../endpoint-errors.ts';
import type { Json, JsonObject } from '../../json.ts';
import { isObject } from '../../json.ts';
import type { ServiceResponse } from '../../service.ts';

/** Members that are maps rather than structures: the Query protocol writes them as entries. */
const MAPS = new Set(['ExtendedStatistics']);

/**
 * Parameters such as `MetricData.member.1.Dimensions.member.1.Name=x` as the nested structure they stand for; all values
 * are text.
 * https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 */
export function nestedParameters(parameters: URLSearchParams): JsonObject {
  const root: JsonObject = {};
  for (const [path, value] of parameters) {
    const steps = path.split('.').filter((step) => step !== 'member');
    let target = root;
    for (const step of steps.slice(0, -1)) {
      const next = Object.hasOwn(target, step) ? target[step] : undefined;
      const inner: JsonObject = isObject(next) ? next : {};
      target[step] = inner;
      target = inner;
    }
    target[steps.at(-1) ?? ''] = value;
  }
  return listed(root) as JsonObject;
}

/** Members numbered 1, 2, ... become lists. */
function listed(value: Json): Json {
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([name, member]) => [name, listed(member)] as const);
  if (entries.length === 0 || !entries.every(([name]) => /^\d+$/.test(name))) return Object.fromEntries(entries);
  return entries.sort(([a], [b]) => Number(a) - Number(b)).map(([, member]) => member);
}

/** A structure as the XML of a Query answer. */
export function xmlOf(members: JsonObject): string {
  return Object.entries(members)
    .map(
      ([name, value]) =>
        `<${name}>${MAPS.has(name) && isObject(value) ? entriesXml(value) : valueXml(value)}</${name}>`,
    )
    .join('');
}

/** An answer of the Query protocol. @param namespace of the service's API */
export function queryAnswer(action: string, namespace: string, result: JsonObject): ServiceResponse {
  const metadata = xmlOf({ ResponseMetadata: { RequestId: randomUUID() } });
  const body = `<${action}Response xmlns="${namespace}"><${action}Result>${xmlOf(result)}</${action}Result>${metadata}</${action}Response>`;
  return { status: 200, headers: { 'content-type': 'text/xml' }, body };
}

function valueXml(value: Json): string {
  if (Array.isArray(value)) return value.map((item) => `<member>${valueXml(item)}</member>`).join('');
  return isObject(value) ? xmlOf(value) : escapeXml(String(value));
}

const entriesXml = (map: JsonObject): string =>
  Object.entries(map)
    .map(([key, value]) => `<entry><key>${escapeXml(key)}</key><value>${valueXml(value)}</value></entry>`)
    .join('');
