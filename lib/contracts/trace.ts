/**
 * W3C trace context (https://www.w3.org/TR/trace-context/): one trace id from the first request to the last effect,
 * a new parent id for each hop.
 */
const TRACEPARENT = /^00-(?<traceId>[0-9a-f]{32})-(?<parentId>[0-9a-f]{16})-(?<flags>[0-9a-f]{2})$/;

const hex = (bytes: number): string => Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString('hex');

/** The trace id of a traceparent, or undefined when it is missing or malformed. */
export const traceIdOf = (traceparent: string | undefined): string | undefined =>
  traceparent === undefined ? undefined : TRACEPARENT.exec(traceparent)?.groups?.traceId;

/** The traceparent for the next hop: the same trace with a new parent id; a new sampled trace when there is none to continue. */
export function nextTraceparent(previous: string | undefined, random: (bytes: number) => string = hex): string {
  const found = previous === undefined ? undefined : TRACEPARENT.exec(previous)?.groups;
  return `00-${found?.traceId ?? random(16)}-${random(8)}-${found?.flags ?? '01'}`;
}
