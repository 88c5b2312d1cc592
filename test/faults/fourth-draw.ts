// biome-ignore-all lint/suspicious/noTemplateCurlyInString: text of code
import { type Fault, fault } from './fault.ts';

/** The fourth draw: seed 20261201, the first five places of each of the same folders, after what people see had been sharpened by kind. */
// biome-ignore format: a fault a paragraph reads best as it stands
export const fourthDraw: readonly Fault[] = [
  fault('lib/operations/schemas/asyncapi.ts', 'shards are told of a log on demand, and its capacity of a provisioned one', "channel.capacity === 'on-demand' ? { capacity", "channel.capacity !== 'on-demand' ? { capacity"),
  fault('lib/operations/capacity/compare.ts', 'a batch is as large as one message', 'Math.ceil((BATCH * bytes) / SQS_CHUNK_BYTES)', 'Math.ceil(bytes / SQS_CHUNK_BYTES)'),
  fault('lib/operations/parked/parked.ts', 'keys beyond one request are forgotten', '    keys.map((key) => ({ [PK]: key })),', '    keys.slice(0, 100).map((key) => ({ [PK]: key })),'),
  fault('lib/operations/parked/change-parked.ts', 'the first edit by somebody else meanwhile does not refuse the write', "'attribute_not_exists(edits)'", "'attribute_exists(messageId)'"),
  fault('lib/operations/cost/consumer-usage.ts', 'effects are reckoned by the batch', '? rate.perSecond * effectUnits(a.effectItems)', '? batchesPerSecond * effectUnits(a.effectItems)'),

  fault('lib/operations/systems/malformed.ts', 'one queue gets nothing malformed', 'const read = channels.flatMap(', 'const read = channels.slice(1).flatMap('),
  fault('lib/systems/orders/request.ts', 'a description is cut one character too early', 'description.slice(0, MAX_DESCRIPTION)', 'description.slice(0, MAX_DESCRIPTION - 1)'),
  fault('lib/systems/orders/stack.ts', 'the totals may be put, not updated', "allow(sales.function, ['dynamodb:UpdateItem']", "allow(sales.function, ['dynamodb:PutItem']"),
  fault('lib/systems/orders/tools/samples.ts', 'the first order that fits is cancelled, not the last', 'earlier.findLast(', 'earlier.find('),
  fault('lib/systems/orders/tools/check-effects.ts', 'an invoice whose message was given up afterwards is one too many', 'const known = new Set(events.map(keyOf));', 'const known = new Set(due);'),

  fault('lib/local/mappings/mappings-state.ts', 'the positions of a mapping that is gone are kept', '      checkpoints.deleteBelow(`${uuid}/`);\n', ''),
  fault('lib/local/lambda/workers.ts', 'a function that does not start answers nothing', 'payload: JSON.stringify(instance), error: instance', "payload: '', error: instance"),
  fault('lib/local/cloudwatch/metrics/bucket.ts', 'values that are all the same count once', 'addValue(values, bucket.min, bucket.count);', 'addValue(values, bucket.min, 1);'),
  fault('lib/local/mappings/streams/kinesis-source.ts', 'more records are asked for than the API gives', 'Limit: Math.min(limit, GET_RECORDS_LIMIT),', 'Limit: limit,'),
  fault('lib/local/provision/types/s3.ts', 'a bucket is made anew at every start', '  durable: true,\n', ''),

  fault('bin/commands/parked.ts', 'an interrupted resumption ends as one that failed', '    if (signal.aborted) return EXIT_INTERRUPTED;\n', ''),
  fault('lib/systems/orders/tools/sums.ts', 'only too many is told', 'return missing < 0 || missing > unseen;', 'return missing < 0;'),
  fault('bin/commands/capacity.ts', 'one confirmed price confirms all', 'charges.every(({ confirmed }) => confirmed)', 'charges.some(({ confirmed }) => confirmed)', 'by the price list, what a way takes is confirmed as a whole or not at all, in each region'),
  fault('bin/commands/schema.ts', 'what is up to date is told as written', 'for (const { file, change } of files(written))', 'for (const { file, change } of files(plan))'),
  fault('bin/demo/sample-traffic.ts', 'the bar is one order short', 'Math.ceil(samples.length / DUPLICATE_EVERY)', 'Math.floor(samples.length / DUPLICATE_EVERY)'),
];
