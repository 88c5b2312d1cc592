import { matchesIn } from '../metrics/matches.ts';
import type { MetricIdentity } from '../metrics/metrics.ts';
import { MathError } from './parse.ts';

/** Which metrics a SEARCH means. */
export interface MetricSearch {
  readonly namespace: string;
  /** The metric has exactly these dimensions. */
  readonly dimensions: readonly string[];
  /** All of them hold. */
  readonly terms: readonly Term[];
}

interface Term {
  /** `MetricName` or a dimension. @default any of them, the namespace included */
  readonly property: string | undefined;
  readonly value: string;
  /** In quotation marks: the whole value, letter by letter; otherwise words of it, in any case. */
  readonly exact: boolean;
}

const SCHEMA = /^\s*\{(?<names>[^}]*)\}(?<terms>[\s\S]*)$/;
const NAME = /\s*(?:"([^"]+)"|([^",\s]+))\s*(?:,|$)/y;
const TERM = /\s*(?:(?:([A-Za-z0-9_:.-]+|"[^"]+")\s*=\s*)?(?:"([^"]*)"|([^\s"=(){}]+)))\s*/y;
/** AND is what stands between terms anyway; the others change what they mean. */
const UNAVAILABLE = ['OR', 'NOT'];

/**
 * Reads a search such as `{Sluice,subscription,shard} MetricName="ShardLag" subscription="sales"`.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
 * @throws MathError, also for what the engine does not have: searches without `{namespace,dimensions}`, OR, NOT, parentheses
 */
export function parseSearch(text: string): MetricSearch {
  const { names, terms } = SCHEMA.exec(text)?.groups ?? {};
  if (names === undefined || terms === undefined)
    throw new MathError(`SEARCH('${text}') needs a schema in the engine: {namespace,dimension,...} before its terms`);
  const fail = (rest: string) =>
    new MathError(
      `SEARCH('${text}'): cannot read "${rest.trim()}"; the engine knows words, "exact values" and property="value", all of which must hold`,
    );
  const [namespace, ...dimensions] = matchesIn(names, NAME, fail).map(([, quoted, plain]) => quoted ?? plain ?? '');
  if (namespace === undefined) throw new MathError(`SEARCH('${text}') names no namespace`);
  const read = matchesIn(terms.trim(), TERM, fail).map(([, property, quoted, plain]): Term => {
    if (plain !== undefined && UNAVAILABLE.includes(plain)) throw fail(plain);
    return { property: property?.replaceAll('"', ''), value: quoted ?? plain ?? '', exact: quoted !== undefined };
  });
  return { namespace, dimensions, terms: read.filter(({ value, exact }) => exact || value !== 'AND') };
}

/** Whether a search means a metric. */
export function isFound({ namespace, dimensions, terms }: MetricSearch, metric: MetricIdentity): boolean {
  const own = Object.keys(metric.dimensions);
  return (
    metric.namespace === namespace &&
    own.length === dimensions.length &&
    dimensions.every((name) => own.includes(name)) &&
    terms.every((term) => holds(term, metric))
  );
}

function holds({ property, value, exact }: Term, { namespace, name, dimensions }: MetricIdentity): boolean {
  const candidates =
    property === undefined
      ? [namespace, name, ...Object.keys(dimensions), ...Object.values(dimensions)]
      : [property === 'MetricName' ? name : dimensions[property]];
  return candidates.some((candidate) => {
    if (candidate === undefined) return false;
    return exact ? candidate === value : wordsOf(candidate).includes(value.toLowerCase());
  });
}

/** CloudWatch finds the whole value and the words in it: `ShardLag` is found by shardlag, shard and lag. */
const wordsOf = (value: string): string[] =>
  [value, ...value.split(/[^A-Za-z0-9]+/), ...value.split(/[^A-Za-z0-9]+|(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d)/)]
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase());
