import type { Json, JsonObject } from '../../json.ts';
import { isObject, listAt, numberAt, objectAt, textAt } from '../../json.ts';
import type { Dimensions, Metrics } from './metrics.ts';

/** Most values of one metric, metrics of one directive, and dimensions of one set, in a document. */
const MAX_VALUES = 100;
const MAX_METRICS = 100;
const MAX_DIMENSIONS = 30;
const HIGH_RESOLUTION_SECONDS = 1;

/**
 * Takes the metrics out of a log line in the embedded metric format; lines that are none are left alone.
 * What the specification does not allow is not taken, and counted, as on AWS: AWS/Logs EMFParsingErrors (no JSON) and
 * EMFValidationErrors, by log group.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function readEmf(line: string, logGroup: string, metrics: Metrics): void {
  // Looked at for every line that is logged: two searches, no parsing.
  if (line.charCodeAt(0) !== 0x7b || !line.includes('"_aws"')) return;
  const document = parse(line);
  const failure = document === undefined ? 'EMFParsingErrors' : undefined;
  // Each is read, whatever is wrong with those before it.
  const read = document === undefined ? [] : directivesOf(document).map((one) => readDirective(document, one, metrics));
  if (document !== undefined && read.every((valid) => valid)) return;
  const identity = {
    namespace: 'AWS/Logs',
    name: failure ?? 'EMFValidationErrors',
    dimensions: { LogGroupName: logGroup },
  };
  metrics.series(identity, 'Count').add(1);
}

function parse(line: string): JsonObject | undefined {
  try {
    const value = JSON.parse(line) as Json;
    return isObject(value) ? value : undefined;
  } catch {
    // Counted by the caller, as AWS does.
    return undefined;
  }
}

function directivesOf(document: JsonObject): Json[] {
  return listAt(objectAt(document, '_aws'), 'CloudWatchMetrics');
}

/** @returns whether all of the directive could be used */
function readDirective(document: JsonObject, directive: Json, metrics: Metrics): boolean {
  const namespace = textAt(directive, 'Namespace');
  const timestamp = numberAt(objectAt(document, '_aws'), 'Timestamp');
  const definitions = listAt(directive, 'Metrics');
  if (namespace === undefined || timestamp === undefined || definitions.length > MAX_METRICS) return false;
  const sets = dimensionSets(document, directive);
  let valid = sets !== undefined;
  for (const definition of definitions) {
    const name = textAt(definition, 'Name') ?? '';
    const values = valuesOf(document[name]);
    valid &&= values !== undefined;
    const highResolution = numberAt(definition, 'StorageResolution') === HIGH_RESOLUTION_SECONDS;
    for (const dimensions of sets ?? []) {
      const series = metrics.series(
        { namespace, name, dimensions },
        textAt(definition, 'Unit') ?? 'None',
        highResolution,
      );
      for (const value of values ?? []) series.add(value, metrics.time.scaled(timestamp));
    }
  }
  return valid;
}

function valuesOf(member: Json | undefined): number[] | undefined {
  const values = Array.isArray(member) ? member : [member];
  if (values.length > MAX_VALUES) return undefined;
  const numbers = values.filter((value) => typeof value === 'number');
  return numbers.length === values.length ? numbers : undefined;
}

/** The values of each set of dimensions; undefined when one is missing in the document. No sets at all: none, no metric. */
function dimensionSets(document: JsonObject, directive: Json): Dimensions[] | undefined {
  const sets: Dimensions[] = [];
  const given = listAt(directive, 'Dimensions');
  for (const set of given.length === 0 ? [[]] : given) {
    if (!Array.isArray(set) || set.length > MAX_DIMENSIONS) return undefined;
    const dimensions: Record<string, string> = {};
    for (const entry of set) {
      const value = document[String(entry)];
      if (typeof value !== 'string') return undefined;
      dimensions[String(entry)] = value;
    }
    sets.push(dimensions);
  }
  return sets;
}
