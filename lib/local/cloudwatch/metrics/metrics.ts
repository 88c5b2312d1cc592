import type { Bucket } from './bucket.ts';
import type { ScaledTime } from './scaled-time.ts';
import { createSeries, KEPT_MS, type Series } from './series.ts';

/** Dimension values by name. */
export type Dimensions = Readonly<Record<string, string>>;

/** What names a metric. Two with different dimensions are different metrics. */
export interface MetricIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Dimensions;
}

/** Metrics kept at a time; beyond it those of applications that have been silent longest go. */
export const MAX_METRICS = 5_000;
/** How many go at a time then. */
const EVICTED_AT_ONCE = 500;

/** All metrics of the engine. */
export interface Metrics {
  readonly time: ScaledTime;
  /**
   * The series to count in; made when it is new. Keep it where values come often: then counting is an addition.
   * @param unit as CloudWatch names it. @param highResolution seconds rather than minutes. @default false
   */
  series(identity: MetricIdentity, unit: string, highResolution?: boolean): Series;
  /** The series of exactly this metric, one for each unit. @param unit only this one. @default all */
  find(identity: MetricIdentity, unit?: string): readonly Series[];
  list(): readonly MetricIdentity[];
  /** Calls the listener whenever the gauges are due: once a scaled minute, just before alarms are evaluated. */
  onSample(gauge: Gauge): void;
  /** Reads all gauges. @param at the minute they are for, scaled milliseconds */
  sample(at: number): void;
}

/** Something whose level is read rather than counted. */
export type Gauge = (at: number) => void;

interface Entry {
  readonly identity: MetricIdentity;
  readonly units: Map<string, Series>;
}

export function createMetrics(time: ScaledTime): Metrics {
  const entries = new Map<string, Entry>();
  const gauges: Gauge[] = [];

  const newest = ({ units }: Entry): number =>
    [...units.values()].reduce((latest, series) => Math.max(latest, series.newest), -Infinity);

  function evict(): void {
    // The services' own are as many as there are resources, and whoever counts in them keeps them.
    const own = [...entries].filter(([, { identity }]) => !identity.namespace.startsWith('AWS/'));
    const quietest = own.map(([key, entry]) => ({ key, at: newest(entry) })).sort((a, b) => a.at - b.at);
    for (const { key } of quietest.slice(0, EVICTED_AT_ONCE)) entries.delete(key);
  }

  function entryOf(identity: MetricIdentity): Entry {
    const key = keyOf(identity);
    const known = entries.get(key);
    if (known !== undefined) return known;
    if (entries.size >= MAX_METRICS) evict();
    const entry = { identity, units: new Map<string, Series>() };
    entries.set(key, entry);
    return entry;
  }

  return {
    time,
    series(identity, unit, highResolution = false) {
      const { units } = entryOf(identity);
      const known = units.get(unit);
      if (known !== undefined) return known;
      const series = createSeries(unit, highResolution, time.now);
      units.set(unit, series);
      return series;
    },
    find(identity, unit) {
      const series = [...(entries.get(keyOf(identity))?.units.values() ?? [])];
      return unit === undefined ? series : series.filter((one) => one.unit === unit);
    },
    list() {
      const oldest = time.now() - KEPT_MS;
      return [...entries.values()].filter((entry) => newest(entry) >= oldest).map(({ identity }) => identity);
    },
    onSample: (gauge) => void gauges.push(gauge),
    sample(at) {
      for (const gauge of gauges) gauge(at);
    },
  };
}

function keyOf({ namespace, name, dimensions }: MetricIdentity): string {
  const pairs = Object.entries(dimensions).map(([dimension, value]) => `${dimension}=${value}`);
  return [namespace, name, ...pairs.sort()].join('\n');
}

/** All buckets of several series, for a stretch of scaled time. */
export function bucketsOf(series: readonly Series[], from: number, to: number): Bucket[] {
  return series.flatMap((one) => one.between(from, to));
}
