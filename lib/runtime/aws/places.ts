import type { AwsService } from './calls/call.ts';
import { PROTOCOLS } from './protocols/protocol.ts';
import type { WireRequest } from './protocols/wire.ts';

/** Where a service of a region is called: the host names of partitions, of FIPS and of dual-stack, and what the environment says otherwise. */

type Env = (name: string) => string | undefined;

interface Partition {
  readonly suffix: string;
  readonly dualStackSuffix: string;
  /** Services whose FIPS endpoint has no name of its own (yet with dual-stack it has). */
  readonly alwaysFips?: readonly AwsService[];
  readonly withoutFips?: readonly AwsService[];
}

/**
 * By how the partition's regions begin. From the SDK's `partitions.js` (@aws-sdk/core 3.981.0) and the endpoint rules of its clients,
 * which the tests compare. Any other region is one of the standard partition.
 * https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
 */
const PARTITIONS: Readonly<Record<string, Partition>> = {
  'cn-': {
    suffix: 'amazonaws.com.cn',
    dualStackSuffix: 'api.amazonwebservices.com.cn',
    withoutFips: ['s3'],
  },
  'us-gov-': {
    suffix: 'amazonaws.com',
    dualStackSuffix: 'api.aws',
    alwaysFips: ['dynamodb', 'kinesis', 'sns', 'sqs'],
  },
  'us-iso-': { suffix: 'c2s.ic.gov', dualStackSuffix: 'api.aws.ic.gov' },
  'us-isob-': { suffix: 'sc2s.sgov.gov', dualStackSuffix: 'api.aws.scloud' },
  'eu-isoe-': { suffix: 'cloud.adc-e.uk', dualStackSuffix: 'api.cloud-aws.adc-e.uk' },
  'us-isof-': { suffix: 'csp.hci.ic.gov', dualStackSuffix: 'api.aws.hci.ic.gov' },
  'eusc-': { suffix: 'amazonaws.eu', dualStackSuffix: 'api.amazonwebservices.eu' },
};
const STANDARD: Partition = { suffix: 'amazonaws.com', dualStackSuffix: 'api.aws' };

/** https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html */
const FIPS = 'AWS_USE_FIPS_ENDPOINT';
const DUAL_STACK = 'AWS_USE_DUALSTACK_ENDPOINT';

/** `AWS_ENDPOINT_URL_DYNAMODB`, and so on. */
const ENDPOINT_OF = Object.fromEntries(
  Object.keys(PROTOCOLS).map((service) => [service, `AWS_ENDPOINT_URL_${service.toUpperCase()}`]),
) as Record<AwsService, string>;

/** More than a function calls: a service has one place, but for the buckets of S3. */
const MAX_PLACES = 32;

/** Where a request of a service goes. */
export type PlaceOf = (service: AwsService, region: string, wire: WireRequest) => URL;

/**
 * Places as the environment has them. Endpoints are read for every request; FIPS, dual-stack and proxies once for a service of a region.
 * @returns a function that throws an Error for settings that do not go together, for an endpoint that AWS does not have, and for a
 *   proxy, which this client does not know
 */
export function placesOf(env: Env): PlaceOf {
  /** By endpoint, or by service and region. */
  const bases = new Map<string, string>();
  /** Most services are asked at one place for everything: it is read once. */
  const places = new Map<string, URL>();

  function kept<T>(known: Map<string, T>, key: string, make: () => T): T {
    const had = known.get(key);
    if (had !== undefined) return had;
    if (known.size >= MAX_PLACES) known.clear();
    const made = make();
    known.set(key, made);
    return made;
  }

  const at = (path: string, base: string): URL =>
    path === '/' ? kept(places, base, () => new URL(base)) : new URL(path, base);

  return (service, region, { bucket, path = '/' }) => {
    const given = env(ENDPOINT_OF[service]) ?? env('AWS_ENDPOINT_URL');
    if (given !== undefined) {
      const base = kept(bases, given, () => withoutVariants(given, env));
      return at(bucket === undefined ? path : `/${bucket}${path}`, base);
    }
    const host = kept(bases, `${service}.${region}`, () => directly(hostOf(service, region, env), env));
    // A bucket is part of the host name on AWS, and of the path at any other endpoint.
    return at(path, `https://${bucket === undefined ? host : `${bucket}.${host}`}`);
  };
}

/** @throws Error for an endpoint of one's own of which a variant is wanted; the SDK refuses it, too */
function withoutVariants(endpoint: string, env: Env): string {
  const wanted = [FIPS, DUAL_STACK].find((name) => flag(name, env));
  if (wanted === undefined) return endpoint;
  throw new Error(
    `environment variable ${wanted} is true, and AWS_ENDPOINT_URL names the endpoint '${endpoint}': only endpoints of AWS have that variant. Unset one of the two.`,
  );
}

function hostOf(service: AwsService, region: string, env: Env): string {
  const prefix = Object.keys(PARTITIONS).find((start) => region.startsWith(start));
  const partition = (prefix === undefined ? undefined : PARTITIONS[prefix]) ?? STANDARD;
  const { suffix, dualStackSuffix, alwaysFips = [], withoutFips = [] } = partition;
  const dualStack = flag(DUAL_STACK, env);
  const fips = flag(FIPS, env);
  if (fips && withoutFips.includes(service))
    throw new Error(
      `environment variable ${FIPS} is true, but ${service} has no FIPS endpoint in region '${region}'. Unset it, or use another region.`,
    );
  const name = fips && (dualStack || !alwaysFips.includes(service)) ? `${service}-fips` : service;
  // S3 had dual-stack endpoints before there was a domain for them.
  if (service === 's3') return `${name}${dualStack ? '.dualstack' : ''}.${region}.${suffix}`;
  return `${name}.${region}.${dualStack ? dualStackSuffix : suffix}`;
}

/** @throws Error for anything but true and false */
function flag(name: string, env: Env): boolean {
  const value = env(name);
  if (value === undefined || value === 'false') return false;
  if (value === 'true') return true;
  throw new Error(`environment variable ${name} is '${value}': it must be 'true' or 'false', or not set.`);
}

/**
 * @param host without a bucket: who excepts S3 from a proxy excepts all buckets
 * @throws Error when the environment wants a proxy for this host: passing it by in silence would end in a timeout where only the proxy
 *   leads out, and in a call that nobody sees where all have to go through it
 */
function directly(host: string, env: Env): string {
  const variable = ['HTTPS_PROXY', 'https_proxy'].find((name) => (env(name) ?? '') !== '');
  if (variable === undefined || isExcepted(host, env('NO_PROXY') ?? env('no_proxy') ?? '')) return host;
  // Its value is not shown: it may hold a password.
  throw new Error(
    `environment variable ${variable} is set, but the runtime calls '${host}' directly: it does not know proxies. Where AWS can be reached without one (a NAT gateway, VPC endpoints), add '${domainOf(host)}' to NO_PROXY; otherwise give the function such a way, and unset ${variable}.`,
  );
}

/** https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-proxy.html: host names and domains, divided by commas; `*` is every host. */
const isExcepted = (host: string, list: string): boolean =>
  list
    .toLowerCase()
    .split(/[\s,]+/)
    .map((entry) => entry.replace(/:443$/, '').replace(/^\*?\./, ''))
    .some((entry) => entry === '*' || (entry !== '' && `.${host}`.endsWith(`.${entry}`)));

/** `.amazonaws.com`: what is common to the services of a partition. */
function domainOf(host: string): string {
  const { suffix, dualStackSuffix } =
    [STANDARD, ...Object.values(PARTITIONS)].find(
      (partition) => host.endsWith(`.${partition.suffix}`) || host.endsWith(`.${partition.dualStackSuffix}`),
    ) ?? STANDARD;
  return `.${host.endsWith(`.${suffix}`) ? suffix : dualStackSuffix}`;
}
