import type { IncomingHttpHeaders } from 'node:http';

/** Whether a name or address can only mean this machine: no DNS server is asked for any of them. */
function isLoopback(host: string): boolean {
  const name = host.replace(/\.$/, '').toLowerCase();
  return name === 'localhost' || name.endsWith('.localhost') || /^127(\.\d{1,3}){3}$/.test(name) || name === '[::1]';
}

/** The host of `host:port` or of an origin (`http://host:port`); undefined when it is neither. */
function hostOf(text: string): string | undefined {
  try {
    return new URL(text.includes('://') ? text : `http://${text}`).hostname;
  } catch {
    return undefined;
  }
}

const isLocal = (text: string): boolean => isLoopback(hostOf(text) ?? '');

/**
 * Why a request is refused, whoever signed it: it came by a name that somebody else can point at this machine, or from a page in the
 * browser that is not served by it. Such a page could call functions, delete stacks and read everything. Undefined: it may pass.
 */
export function foreignRefusal(headers: IncomingHttpHeaders): string | undefined {
  const host = headers.host ?? headers[':authority'];
  if (typeof host === 'string' && !isLocal(host))
    return `the engine does not answer as ${host}: call it as localhost, 127.0.0.1, [::1] or a name that ends in .localhost`;
  const { origin, referer } = headers;
  if (origin !== undefined)
    return isLocal(origin) ? undefined : `the engine does not answer pages of ${origin}, only those of this machine`;
  // What a page embeds or links to is asked for without an origin.
  if (headers['sec-fetch-site'] === 'cross-site' && !isLocal(referer ?? ''))
    return 'the engine does not answer pages of other sites, only those of this machine';
  return undefined;
}
