/**
 * W3C trace context (https://www.w3.org/TR/trace-context/): one trace id from the first request to the last effect,
 * a new parent id for each hop. `tracestate` is not carried: nothing here reads it, and dropping it is allowed.
 */
const TRACEPARENT =
  /^(?<version>[0-9a-f]{2})-(?<traceId>[0-9a-f]{32})-(?<parentId>[0-9a-f]{16})-(?<flags>[0-9a-f]{2})(?<more>-.*)?$/s;

/** The version that is spoken here. A higher one begins with the same four fields and may go on after a dash. */
const VERSION = '00';
const NO_VERSION = 'ff';
const ALL_ZERO = /^0+$/;
/** The only flag of version 00. Others mean nothing yet and must not be handed on. */
const SAMPLED = 0x01;

const hex = (bytes: number): string => Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString('hex');

interface TraceContext {
  readonly traceId: string;
  readonly sampled: boolean;
}

/** https://www.w3.org/TR/trace-context/#versioning-of-traceparent */
function read(traceparent: unknown): TraceContext | undefined {
  if (typeof traceparent !== 'string') return undefined;
  const { version, traceId = '', parentId = '', flags = '', more } = TRACEPARENT.exec(traceparent)?.groups ?? {};
  if (version === undefined || version === NO_VERSION) return undefined;
  if (version === VERSION && more !== undefined) return undefined;
  if (ALL_ZERO.test(traceId) || ALL_ZERO.test(parentId)) return undefined;
  return { traceId, sampled: (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED };
}

/** The trace id of a traceparent, or undefined when it is missing or invalid. */
export const traceIdOf = (traceparent: string | undefined): string | undefined => read(traceparent)?.traceId;

/** The traceparent for the next hop: the same trace with a new parent id; a new sampled trace when there is none to continue. */
export function nextTraceparent(previous: string | undefined, random: (bytes: number) => string = hex): string {
  const found = read(previous);
  const sampled = found?.sampled ?? true;
  return `${VERSION}-${found?.traceId ?? random(16)}-${random(8)}-${sampled ? '01' : '00'}`;
}
